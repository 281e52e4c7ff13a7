// Package beyond reads from the tables what lies past the end of a timeline.
//
// A timeline is complete before its floor. From there on the tables are asked: for the rows
// that the rules put on the timeline's key, and for those with the sources that the key
// subscribes to.
package beyond
