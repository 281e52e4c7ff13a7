package main

import "fmt"

// heldRow is what a relay and its writers do beside a held transaction, and in brackets or
// as a ratio without it.
type heldRow struct{ About, PerSecond, Lag, MostLag, Dead, Write, Slowest string }

func heldOf(all *results, name, step string) heldRow {
	of := func(unit, format string) string {
		held, free := all.spread(name, unit), all.spread(name, "baseline-"+unit)
		if held.runs == 0 {
			return ""
		}
		return fmt.Sprintf(format+" ("+format+")", held.median, free.median)
	}
	ratioOf := func(unit string) string {
		held, free := all.spread(name, unit), all.spread(name, "baseline-"+unit)
		if held.runs == 0 {
			return ""
		}
		return fmt.Sprintf("%.2f×", held.median/free.median)
	}
	return heldRow{
		About: about(step), PerSecond: of("changes/s", "%.0f"), Lag: of("ms-lag", "%.1f ms"), MostLag: of("ms-most-lag", "%.0f ms"),
		Dead: of("dead", "%.0f"), Write: ratioOf("ms-write-p50"), Slowest: ratioOf("ms-write-p99"),
	}
}
