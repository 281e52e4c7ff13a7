package tag

import (
	"fmt"
	"net/url"
	"strings"
)

// unescaped reports whether a byte stands for itself in an escaped value:
// letters, digits, - _ . and all bytes of UTF-8 beyond ASCII.
func unescaped(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c >= 0x80:
		return true
	default:
		return c == '-' || c == '_' || c == '.'
	}
}

// Escape returns value with all other bytes written as %XX, so that no value can
// contain a separator.
func Escape(value string) string {
	var b strings.Builder
	escape(&b, value)
	return b.String()
}

func escape(b *strings.Builder, value string) {
	for i := range len(value) {
		if c := value[i]; unescaped(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(b, "%%%02X", c)
		}
	}
}

// Unescape returns the value that Escape was given. A malformed %XX is an error.
func Unescape(escaped string) (string, error) { return url.PathUnescape(escaped) }
