// Package feedmix measures home feeds: it plays the reading and writing of a social
// network, and compares timak with other ways to make the same pages. docs/feedmix.md
// defines it, so that others can measure theirs.
//
// A graph says who follows whom. A script draws what users do, from a seed, so that
// all systems get the same. An open loop starts it at a fixed rate. Each side is one
// system (pull, sortedsets and timelines), and Run puts them side by side in one report.
// At the end, every page that was checked must be what one SQL query says.
package feedmix
