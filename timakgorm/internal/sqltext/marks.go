package sqltext

import "strings"

// SplitMarks splits SQL at its parameter marks: $1, $2 and so on, in this order,
// if they are numbered, and ? otherwise. A mark in a literal or a quoted name is
// not one.
func SplitMarks(sql string, numbered bool) []string {
	var parts []string
	rest := 0
	for i := 0; i < len(sql); i++ {
		end := i + 1
		switch c := sql[i]; {
		case c == '\'' || c == '"' || c == '`': // a doubled quote ends one literal and begins the next
			i += max(0, strings.IndexByte(sql[end:], c)+1)
			continue
		case c == '?' && !numbered:
		case c == '$' && numbered && end < len(sql) && isDigit(sql[end]):
			for end < len(sql) && isDigit(sql[end]) {
				end++
			}
		default:
			continue
		}
		parts = append(parts, sql[rest:i])
		rest, i = end, end-1
	}
	return append(parts, sql[rest:])
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
