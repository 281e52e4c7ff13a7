package wire

import (
	"strconv"
	"strings"
)

// An id is mostly a name that many share and a number of its own: posts:4711.
// The names are in a dictionary of the value, and the numbers written less the
// one before.

// maxNames bounds the dictionary of names. Ids beyond it are written as they
// are.
const maxNames = 64

// maxDigits is how many digits fit an int64 whatever they are.
const (
	maxDigits = 18
	maxNumber = 999_999_999_999_999_999
)

// splitID returns the name and the number that an id is made of, if joining them
// makes it again.
func splitID(id string) (name string, number int64, ok bool) {
	i := len(id)
	for i > 0 && len(id)-i < maxDigits && '0' <= id[i-1] && id[i-1] <= '9' {
		i--
	}
	for i < len(id)-1 && id[i] == '0' { // leading zeros are the name's
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

// dictionary is a list of texts, each with its place.
type dictionary struct {
	texts []string
	last  int            // the place that was looked up last
	index map[string]int // of all, if there are many
}

// manyTexts is from how many on an index costs less than looking through all.
const manyTexts = 8

// find returns the place of a text, or -1.
func (d *dictionary) find(text string) int {
	if d.last < len(d.texts) && d.texts[d.last] == text {
		return d.last
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

// add returns the place of a text that is new.
func (d *dictionary) add(text string) int {
	d.last = len(d.texts)
	d.texts = append(d.texts, text)
	if len(d.texts) == manyTexts {
		d.index = make(map[string]int, 2*manyTexts)
		for place, known := range d.texts {
			d.index[known] = place
		}
	} else if d.index != nil {
		d.index[text] = d.last
	}
	return d.last
}

// spelled is ids in the making, one after the other in one text.
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

// each calls set with every id; they share one piece of memory.
func (s *spelled) each(set func(i int, id string)) {
	var all strings.Builder
	all.Write(s.b)
	text, start := all.String(), int32(0)
	for i, end := range s.ends {
		set(i, text[start:end])
		start = end
	}
}
