// Package rulestest holds the alert rules and the dashboard of otelguard to Prometheus itself: its
// parser, its check of rule files and its engine, on what an exporter really shows.
//
// It is a module of its own because that engine has many dependencies, which nobody
// should get who only measures a guard.
package rulestest
