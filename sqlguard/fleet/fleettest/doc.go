// Package fleettest is for those who write a store for package fleet, and for those who test what
// uses one: [Run] and [Race] hold a store to each sentence of [fleet.Coordinator], and [Memory] is a store without a
// server, whose clock a test can set, and whose calls it can have fail or hang.
package fleettest
