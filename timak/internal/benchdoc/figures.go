package main

// A figure is a measurement with a target.
type figure struct {
	about     string
	benchmark string
	unit      string  // of the measurement
	atLeast   bool    // otherwise at most
	target    float64 // 0 if there is none
	allocs    float64 // the most allocations; 0 for no limit
	note      string  // why the target is missed, if it is
}

// The units of timak/internal/bench.
const (
	cost    = "x-cost"
	speedup = "x-faster"
)

var figures = []figure{
	{about: "stored bytes per entry, 1,000 entries, no data", benchmark: "timak/Stored/no_data", unit: "bytes/entry", target: 10},
	{about: "… with 200 bytes of JSON, against a JSON list", benchmark: "timak/Stored/200_B_of_data", unit: "x-size", target: 1. / 3},
	{
		about: "`Add` to 1,000 entries with data, memstore, against encoding/json", benchmark: "timak/Add/Add", unit: speedup,
		atLeast: true, target: 40, allocs: 60,
	},
	{
		about: "… by `Apply`, which does not return the timeline", benchmark: "timak/Add/Apply", unit: speedup,
		atLeast: true, target: 40, allocs: 60,
	},
	{
		about: "first page of 20 of 1,000 with data, memstore, against encoding/json", benchmark: "timak/Page", unit: speedup,
		atLeast: true, target: 80, allocs: 40,
	},
	{about: "reading 8 siblings of 1,000 entries and merging them, against reading one", benchmark: "timak/Merge/over_reading_1", unit: cost, target: 8},
	{about: "… against reading eight", benchmark: "timak/Merge/over_reading_8", unit: cost},

	{about: "`Page` over riakstore, no data, against a bare fetch", benchmark: "riakstore/Page/no_data", unit: cost, target: 1.05, note: loopback},
	{about: "… with data", benchmark: "riakstore/Page/200_B_of_data", unit: cost, target: 1.05, note: loopback},
	{about: "… with data, 1 ms from the server", benchmark: "riakstore/Page/200_B_of_data,_1_ms", unit: cost, target: 1.05},
	{about: "… of which the store's own `Get`, no data", benchmark: "riakstore/Get/no_data", unit: cost},
	{about: "cold `Add` over riakstore, no data, against a bare fetch and store", benchmark: "riakstore/AddCold/no_data", unit: cost, target: 1.10, note: loopback},
	{about: "… with data", benchmark: "riakstore/AddCold/200_B_of_data", unit: cost, target: 1.10, note: loopback},
	{about: "… with data, 1 ms from the server", benchmark: "riakstore/AddCold/200_B_of_data,_1_ms", unit: cost, target: 1.10},
	{about: "`Add` to the same key again, no data", benchmark: "riakstore/AddAgain/no_data", unit: cost, target: 0.65, note: loopback},
	{about: "… with data", benchmark: "riakstore/AddAgain/200_B_of_data", unit: cost, target: 0.65, note: loopback},
	{about: "… with data, 1 ms from the server", benchmark: "riakstore/AddAgain/200_B_of_data,_1_ms", unit: cost, target: 0.65},
	{
		about: "64 goroutines adding to one key, 2 ms from Riak, against an engine each", benchmark: "riakstore/GroupCommit", unit: speedup,
		atLeast: true, target: 20,
	},

	{
		about: "boltstore, 64 goroutines adding to keys of their own, against one", benchmark: "boltstore/Writers/this_disk", unit: speedup,
		atLeast: true, target: 15, note: fastDisk,
	},
	{about: "… on a disk with 3 ms per sync", benchmark: "boltstore/Writers/3_ms_a_sync", unit: speedup, atLeast: true, target: 15},
	{about: "`Page` over pgstore, no data, against a bare `SELECT value` by key", benchmark: "pgstore/Page/no_data,_1_at_once/over_a_bare_select", unit: cost, target: 1.15, note: socket},
	{about: "… 16 callers", benchmark: "pgstore/Page/no_data,_16_at_once/over_a_bare_select", unit: cost, target: 1.15, note: socket},
	{about: "… of which the store's own `Get`", benchmark: "pgstore/Get/no_data,_1_at_once", unit: cost, target: 1.15},
	{about: "… `Page` with data", benchmark: "pgstore/Page/200_B_of_data,_1_at_once/over_a_bare_select", unit: cost, target: 1.15, note: socket},
	{about: "… no data, against 20 rows of a table with an index", benchmark: "pgstore/Page/no_data,_1_at_once/over_a_table", unit: cost},
	{about: "… with data", benchmark: "pgstore/Page/200_B_of_data,_1_at_once/over_a_table", unit: cost, target: 0.9, note: socket},
	{about: "… 16 callers", benchmark: "pgstore/Page/200_B_of_data,_16_at_once/over_a_table", unit: cost, target: 0.9, note: socket},
	{about: "`Add` over pgstore, no data, against an insert into that table", benchmark: "pgstore/Add/no_data,_1_at_once", unit: cost, target: 1.3, note: rewrites},
	{about: "… 16 callers", benchmark: "pgstore/Add/no_data,_16_at_once", unit: cost, target: 1.3, note: rewrites},
	{about: "… with data", benchmark: "pgstore/Add/200_B_of_data,_1_at_once", unit: cost, target: 1.3, note: rewrites},
	{about: "… 16 callers", benchmark: "pgstore/Add/200_B_of_data,_16_at_once", unit: cost, target: 1.3, note: rewrites},

	{about: "`Page` over redisstore, no data, against a bare fetch of the value", benchmark: "redisstore/Page/fetch/no_data/callers=1", unit: cost, target: 1.1, note: loopback},
	{about: "… with data", benchmark: "redisstore/Page/fetch/200_B_of_data/callers=1", unit: cost, target: 1.1, note: loopback},
	{about: "… against a bare fetch of as many bytes as the page reads", benchmark: "redisstore/Page/beginning/200_B_of_data/callers=1", unit: cost, target: 1.1, note: loopback},
	{about: "… of which the store's own `Get`", benchmark: "redisstore/Get/200_B_of_data/callers=1", unit: cost, target: 1.1, note: loopback},
	{about: "`Add` over boltstore, no data, against an insert into a table of Postgres with an index", benchmark: "peers/Peers/ids_only/add,_1_at_once/boltstore", unit: cost, target: 1.2, note: syncs},

	{about: "boltstore, `Page` of any of 100,000 timelines of 1,000 entries, against any of 100", benchmark: "boltstore/Many/Page", unit: cost, target: 1.3},
	{about: "… `Add`", benchmark: "boltstore/Many/Add", unit: cost, target: 1.3},
}

const (
	loopback = `client and server share the processors of one machine here, without a network between them, so the engine's
  computing time is large compared to that of a fetch; see the row with a server that is 1 ms away`
	socket   = `client and server share the processors of one machine, by a local socket, so the engine's decoding is large compared to that of a query`
	rewrites = `every seventeenth add rewrites a value of 16 KB or more, and every add a shorter one; the table gets one row`
	syncs    = `a put of boltstore waits for the disk twice, for its pages and for the place where they begin, and an insert once, for the log`
	fastDisk = `a sync on this machine's disk is so fast that the writers wait for processors; see the row with a slower disk`
)

// missed reports whether a figure misses its target.
func (f figure) missed(got, allocs float64) bool {
	switch {
	case f.target == 0:
		return false
	case f.allocs > 0 && allocs > f.allocs:
		return true
	case f.atLeast:
		return got < f.target
	default:
		return got > f.target
	}
}
