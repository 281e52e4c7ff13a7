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
//
// # Damage
//
// Open refuses a file that was cut short, one that is not a store's, and one
// whose first pages or list of free pages make no sense; the rest of a file is
// looked at as it is read. Every record has a checksum. What is found damaged is
// ErrDamaged, and never ends the program. Then there are two ways out: to restore
// a copy, or to move the file away and rebuild the timelines from the tables that
// they were made from (timakgorm.Plugin.Rebuild), into the new file that Open
// makes.
//
// An empty file is a new one. Bbolt's own pages have no checksums: a bit that
// flips in a key makes that key absent, and one in the list of free pages may have
// others written over. timakgorm.Plugin.Verify finds what is missing.
package boltstore
