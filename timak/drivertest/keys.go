package drivertest

import "strings"

// keysAreArbitraryAndApart puts a different value under each of many keys that a
// careless store would escape wrongly, normalize, or confuse with one another.
func keysAreArbitraryAndApart(s subject) {
	keys := s.awkwardKeys()
	for _, key := range keys {
		s.at(key).put("of "+key, nil)
	}
	for _, key := range keys {
		s.at(key).want("of " + key)
	}
}

func (s subject) awkwardKeys() []string {
	endings := []string{
		"", " ", "  ", " x", "x ",
		"/", "//", "/x", "/../x", "a/b", "a%2Fb", "a%2fb", "a%252Fb",
		"%", "%%", "%zz", "+", "a+b", "a b", "?q=1", "#f", "&", ";", "=",
		"x", "X", "é", "e\u0301", "日本語", "🦉", "\u200d",
		"\x00", "\x00x", "\n", "\r\n", "\t", "\"", "'", "\\", "\xff", "\xff\xfe",
		":", "a:b", "{}", "*", ".", "..",
	}
	keys := make([]string, len(endings))
	for i, ending := range endings {
		keys[i] = s.key + ending
	}
	return keys
}

// maxKeyLen is the longest key of a timeline, in bytes.
const maxKeyLen = 512

func longKeys(s subject) {
	padding := strings.Repeat("k", maxKeyLen-len(s.key)-1)
	a, b := s.at(s.key+padding+"a"), s.at(s.key+padding+"b")
	a.put("of a", nil)
	b.put("of b", nil)
	a.want("of a")
	b.want("of b")
	s.at(s.key + padding).want()
}
