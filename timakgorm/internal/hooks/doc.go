// Package hooks captures changes by GORM's callbacks. A capture takes the place of a
// statement's connection while the statement runs: it locks and reads the old rows,
// narrows the statement to them, and records what became of them.
package hooks
