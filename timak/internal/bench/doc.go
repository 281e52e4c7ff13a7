// Package bench is what benchmarks share: timelines such as applications have,
// and a way to compare two ways to do a thing in one run.
package bench
