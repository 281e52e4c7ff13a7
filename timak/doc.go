// Package timak keeps timelines: bounded sets of items, unique by id, ordered
// by date, in a key-value store whose writers never wait for each other.
//
// New makes an engine over a store. Add and Delete change a timeline and return it.
// Apply makes many changes with one read and one write. Get reads a timeline and
// Page reads a part of it, and PageThrough goes on elsewhere where the timeline ends.
//
// # Words
//
//   - timeline: a bounded set of items under one key, ordered by date
//   - item: what a reader gets: id, date, optional data
//   - entry: one stored (id, source) with its version; an item shows while at
//     least one of its entries is live
//   - source: why an entry is there; empty when there is only one reason
//   - version: orders the changes of one entry, in microseconds; never the date
//   - tombstone: what remains of a removed entry, item or source
//   - horizon: the highest version among tombstones that were collected
//   - floor: the place at and after which a timeline may lack items, because they fell
//     off its end or were never put; PageThrough reads on from there, and Heal lowers it
//   - moment: a version, as the time at which a source of truth was read
//   - sibling: one of several concurrent values that a store returns for a key
//   - token: a store's causal context, opaque
//   - cursor: an opaque text that names a place between two items
//
// # How it stays right
//
// A store may hold several siblings of a timeline. A read merges them: for every
// (id, source) the highest version wins, in whatever order the changes arrived and
// however often. A write reads, merges, applies and stores, with the token of
// exactly what it read. A write that raced with another becomes one more sibling
// and is merged later; nothing is lost and nobody waits.
//
// Removals leave tombstones, which are collected after Options.TombstoneTTL. The
// highest version among the collected ones is the horizon. A change at or below the
// horizon is Stale if it finds nothing to compare itself with.
//
// # Limits
//
// Keys, ids and sources have at most 512 bytes; an item's data has at most
// Options.MaxData. One value holds a whole timeline, so the cost of a read is the
// number of items times the size of their data.
package timak
