// Package heal brings items back to timelines that have room for them. A timeline from which
// items were removed may lack others that fell off its end before: they are read from the
// tables, from its floor on.
package heal
