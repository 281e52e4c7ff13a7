// Package bench is shared by benchmarks: realistic timelines, and a way to compare
// two implementations in one run.
package bench
