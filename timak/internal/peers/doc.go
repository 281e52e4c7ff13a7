// Package peers compares all stores with each other, and with what an application does
// without timelines. It has nothing but a benchmark.
package peers
