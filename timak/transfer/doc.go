// Package transfer carries timelines from one store to another, or to a file and back.
//
//	report, err := transfer.Copy(ctx, from, to, nil)
//
// What it carries is merged with what is there, by the rule that reads and writes merge
// by: nothing is overwritten. So both stores may be in use meanwhile, a transfer may be
// repeated, and one that was stopped anywhere, even by kill -9, ends the same when it is
// run again. Removals, floors and what readers have seen are carried too. Nothing is
// trimmed: a timeline that has more items than Options.MaxItems of an engine then is
// trimmed when that engine writes to it.
//
// # Moving to another store
//
// Copy carries what is in a store when it comes to a timeline. What is written to that
// timeline later is carried by the next Copy, which leaves what is there already as it
// is. So, without a pause:
//
//  1. Copy, while the programs use the old store.
//  2. Let the programs use the new store: restart them.
//  3. Copy again, once none uses the old store any more.
//
// Between 2 and 3, timelines lack what was written to the old store after it was copied.
// If the relay of timakgorm writes them, and one of the stores is a driver.Marker, as
// redisstore is, call timakgorm.Plugin.AcceptStore after 3: a store that has not the
// marks of the relay counts as one that has lost timelines.
//
// Horizons and floors go along. If engines bound their timelines differently, what is at
// or below the horizon of one store goes from the other, and behind the floor of one the
// other counts as incomplete: after a second copy from a store of few items, the larger one
// may show fewer than before. Timelines that are made from tables are whole again after
// timakgorm.Plugin.Rebuild.
//
// Only one program can open the file of a boltstore: close it for Copy, or call Copy in
// that program. Riak cannot list its keys, so timelines cannot be copied out of it; make
// them from the tables that they were made from, with timakgorm.Plugin.Rebuild.
package transfer
