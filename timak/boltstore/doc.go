// Package boltstore is a store in a single file, inside the program: there is no
// server to run. It is the default for laptops and small servers, and is built on
// go.etcd.io/bbolt.
//
//	store, err := boltstore.Open("feed.db", nil)
//
// When Put returns, the value is on disk and survives a crash of the program or the
// machine. Readers never wait for a writer's disk; writers wait for each other.
// A put writes its value and about 20 KB more, the pages that lead to it, and waits for
// the disk twice: for these pages, and for the place where they begin. Puts that wait
// at the same time share both. A change of a few items of a timeline of 32 KB or more is
// written beside it, with up to 15 others and those of its neighbours: some 10 KB in place of
// the value.
//
// Only one program at a time can open the file: see ErrInUse. Several may if all only
// read it: see Options.ReadOnly.
//
// The file grows as needed and reuses its free pages, but never shrinks. Close the
// store before you copy the file or restore a copy: never overwrite the file of a
// running program.
//
// # Damage
//
// Open refuses a file that was cut short, a file that is not a store, and a file
// whose first pages or free list make no sense. The rest of the file is checked as
// it is read; every record has a checksum. Damage is reported as ErrDamaged and
// never crashes the program. There are two remedies: restore a copy, or move the
// file away and rebuild the timelines from the tables that they were made from
// (timakgorm.Plugin.Rebuild), into the new file that Open creates.
//
// An empty file counts as a new one. Bbolt's own pages have no checksums: a flipped
// bit in a key makes that key absent, and one in the free list may cause other
// pages to be overwritten. timakgorm.Plugin.Verify finds what is missing.
package boltstore
