package wire

import (
	"slices"
	"strconv"
	"strings"
)

// An id is usually a name that many ids share, followed by a number: posts:4711.
// The names are in a dictionary of the value; each number is stored less the one
// before.

// maxNames bounds the dictionary of names. Ids with other names are stored as they
// are.
const maxNames = 64

// maxDigits is how many digits always fit into an int64.
const (
	maxDigits = 18
	maxNumber = 999_999_999_999_999_999
)

// splitID returns the name and the number of an id. ok is false if joining them
// would not give the id again.
func splitID(id string) (name string, number int64, ok bool) {
	i := len(id)
	for i > 0 && len(id)-i < maxDigits && '0' <= id[i-1] && id[i-1] <= '9' {
		i--
	}
	for i < len(id)-1 && id[i] == '0' { // leading zeros belong to the name
		i++
	}
	if i == len(id) {
		return "", 0, false
	}
	for _, digit := range []byte(id[i:]) {
		number = 10*number + int64(digit-'0')
	}
	return id[:i], number, true
}

// dictionary is a list of texts, each with its index.
type dictionary struct {
	texts []string
	last  int            // the index that was looked up last
	index map[string]int // of all, if there are many
}

// manyTexts is the number from which an index is cheaper than searching all texts.
const manyTexts = 8

// find returns the index of a text, or -1.
func (d *dictionary) find(text string) int {
	if d.last < len(d.texts) && d.texts[d.last] == text {
		return d.last
	}
	if d.index == nil && len(d.texts) >= manyTexts {
		d.index = make(map[string]int, 2*len(d.texts))
		for place, known := range d.texts {
			d.index[known] = place
		}
	}
	if d.index != nil {
		place, found := d.index[text]
		if !found {
			return -1
		}
		d.last = place
		return place
	}
	for place, known := range d.texts {
		if known == text {
			d.last = place
			return place
		}
	}
	return -1
}

// add adds a new text and returns its index.
func (d *dictionary) add(text string) int {
	d.last = len(d.texts)
	d.texts = append(d.texts, text)
	if d.index != nil {
		d.index[text] = d.last
	}
	return d.last
}

// copied returns the same dictionary, to add to.
func (d *dictionary) copied() dictionary { return dictionary{texts: slices.Clip(d.texts)} }

// spelled is a list of ids under construction, one after the other in one text.
type spelled struct {
	b    []byte
	ends []int32
}

func (s *spelled) number(name string, number int64) {
	s.b = strconv.AppendInt(append(s.b, name...), number, 10)
	s.ends = append(s.ends, int32(len(s.b)))
}

func (s *spelled) text(text []byte) {
	s.b = append(s.b, text...)
	s.ends = append(s.ends, int32(len(s.b)))
}

// each calls set with every id; the ids share one piece of memory.
func (s *spelled) each(set func(i int, id string)) {
	var all strings.Builder
	all.Write(s.b)
	text, start := all.String(), int32(0)
	for i, end := range s.ends {
		set(i, text[start:end])
		start = end
	}
}
