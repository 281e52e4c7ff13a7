// Package sqltext reads SQL. It cuts a SQL text into words as each database does,
// and finds what the text writes, defines or hides.
//
// It is pure.
package sqltext
