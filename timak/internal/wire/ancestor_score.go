package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A score of the ancestor's is a date, as whole milliseconds, or any number of
// the caller's. All are read as milliseconds, so that they keep their order.

// ancestorDate returns the date of a score, in microseconds: the nearest one, or
// the first or last of all for a score beyond them. What is not a number in any
// order (NaN) is as old as the change that brought it. It returns false for what
// is no number at all.
func ancestorDate(score json.RawMessage, modified int64) (int64, bool) {
	literal := string(score)
	if literal == "" || !strings.Contains("-0123456789", literal[:1]) {
		return 0, false
	}
	if literal == notANumber {
		return modified, true
	}
	if whole, err := strconv.ParseInt(literal, 10, 64); err == nil {
		return thousandfold(whole), true
	}
	number, _ := strconv.ParseFloat(literal, 64) // infinite if it is out of range
	return floatDate(number), true
}

// floatDate returns a thousand times a number, rounded.
func floatDate(number float64) int64 {
	whole, fraction := math.Modf(number)
	switch {
	case whole >= math.MaxInt64/1000:
		return math.MaxInt64
	case whole <= math.MinInt64/1000:
		return math.MinInt64
	default: // in whole numbers, which are exact: a float next to an integer keeps its side
		return 1000*int64(whole) + int64(math.Round(1000*fraction))
	}
}

// thousandfold returns a thousand times a number, or the last that there is on
// its side.
func thousandfold(number int64) int64 {
	switch {
	case number > math.MaxInt64/1000:
		return math.MaxInt64
	case number < math.MinInt64/1000:
		return math.MinInt64
	default:
		return 1000 * number
	}
}

// Python writes three numbers that JSON does not have. These are JSON, and
// nothing that Python writes.
const (
	notANumber    = "0e999"
	infinity      = "1e999"
	minusInfinity = "-1e999"
)

// toJSON puts spaces about them, to keep them apart from a digit before.
var (
	toJSON = strings.NewReplacer("NaN", " "+notANumber+" ", "-Infinity", " "+minusInfinity+" ", "Infinity", " "+infinity+" ")
	toNull = strings.NewReplacer(" "+notANumber+" ", "null", " "+minusInfinity+" ", "null", " "+infinity+" ", "null")
)

// asJSON returns what Python wrote with its numbers as JSON.
func asJSON(value []byte) []byte { return replaceBare(value, toJSON) }

// withNulls returns a part of asJSON's result with null for Python's numbers, as
// JavaScript writes them: in data, nobody could read them.
func withNulls(value []byte) []byte { return replaceBare(value, toNull) }

// fromPython reports whether a JSON number stands for one of Python's.
func fromPython(literal []byte) bool {
	return slices.Contains([]string{notANumber, infinity, minusInfinity}, string(literal))
}

// replaceBare returns a copy of JSON in which words outside of texts are
// replaced.
func replaceBare(value []byte, words *strings.Replacer) []byte {
	var out bytes.Buffer
	for len(value) > 0 {
		bare := bytes.IndexByte(value, '"')
		if bare < 0 {
			bare = len(value)
		}
		out.WriteString(words.Replace(string(value[:bare])))
		value = value[bare:]
		text := textLength(value)
		out.Write(value[:text])
		value = value[text:]
	}
	return out.Bytes()
}

// textLength returns the length of the JSON text that value begins with, quotes
// included; all of value if the text does not end.
func textLength(value []byte) int {
	for i := 1; i < len(value); i++ {
		switch value[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(value)
}
