// Package timak keeps timelines: bounded sets of items, unique by id, ordered
// by date, in a key-value store whose writers never wait for each other.
//
// An engine is made over a store with New. Add and Delete change a timeline and
// return it, Apply carries out many changes with one read and one write, Get
// reads a timeline and Page reads a part of it.
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
//   - horizon: the highest version among tombstones that were forgotten
//   - sibling: one of several concurrent values that a store returns for a key
//   - token: a store's causal context, opaque
//   - cursor: an opaque text that names a place between two items
//
// # How it stays right
//
// A store may hold several siblings of a timeline. Reading merges them: for
// every (id, source) the change with the highest version stands, whatever order
// the changes arrived in and however often. Writing reads, merges, applies and
// stores, with the token of exactly what it read, so a write that raced with
// another becomes one more sibling and is merged later; nothing is lost and
// nobody waits.
//
// Removals leave tombstones, which are forgotten after Options.TombstoneTTL.
// The highest version among the forgotten is the horizon; a change at or below
// it that finds nothing is Stale.
//
// # Limits
//
// Keys, ids and sources have at most 512 bytes; an item's data at most
// Options.MaxData. A value holds a whole timeline, so the number of items times
// their data is what a read costs.
package timak
