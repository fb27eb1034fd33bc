// Package entdb is a client that ent has generated. Read schema, which says what of; all else here is generated,
// in files as long as ent makes them.
package entdb

//go:generate go run -mod=mod entgo.io/ent/cmd/ent generate ./schema
