// Package sqltext reads SQL: it cuts a text into words as each database does, and
// finds what the text writes, defines or hides.
//
// It is pure, and knows no other package of the module.
package sqltext
