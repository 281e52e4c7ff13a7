// Package boltstore is a store in one file, inside the program: no server to
// run. It is the default for laptops and small servers, on go.etcd.io/bbolt.
//
//	store, err := boltstore.Open("feed.db", nil)
//
// A Put that has returned is on the disk, and survives a crash of the program
// or the machine. Readers never wait for a writer's disk; writers wait for one
// another. One program at a time has the file: see ErrInUse.
//
// The file grows as needed and its free pages are used again, but it never
// shrinks. To copy it, close the store first; to restore a copy, too: never
// write over the file of a running program.
package boltstore
