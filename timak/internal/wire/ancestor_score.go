package wire

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A score of the ancestor is a date, as whole milliseconds, or any other number.
// All are read as milliseconds, so that they keep their order.

// ancestorDate returns the date of a score in microseconds. A score out of range
// gets the first or last possible date. NaN, which has no place in an order, gets
// the time of the change that brought it. It returns false for what is not a number
// at all.
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

// floatDate returns a number times 1000, rounded.
func floatDate(number float64) int64 {
	whole, fraction := math.Modf(number)
	switch {
	case whole >= math.MaxInt64/1000:
		return math.MaxInt64
	case whole <= math.MinInt64/1000:
		return math.MinInt64
	default: // in whole numbers, which are exact, so that a float next to an integer keeps its side
		return 1000*int64(whole) + int64(math.Round(1000*fraction))
	}
}

// thousandfold returns a number times 1000, or the nearest int64 if that overflows.
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

// Python writes three numbers that JSON lacks. These stand for them: they are valid
// JSON, but Python never writes them.
const (
	notANumber    = "0e999"
	infinity      = "1e999"
	minusInfinity = "-1e999"
)

// toJSON surrounds them with spaces, to separate them from a preceding digit.
var (
	toJSON = strings.NewReplacer("NaN", " "+notANumber+" ", "-Infinity", " "+minusInfinity+" ", "Infinity", " "+infinity+" ")
	toNull = strings.NewReplacer(" "+notANumber+" ", "null", " "+minusInfinity+" ", "null", " "+infinity+" ", "null")
)

// asJSON replaces Python's special numbers by JSON.
func asJSON(value []byte) []byte { return replaceBare(value, toJSON) }

// withNulls returns a part of asJSON's result with Python's special numbers as
// null, as JavaScript writes them: in data, nobody could read them.
func withNulls(value []byte) []byte { return replaceBare(value, toNull) }

// fromPython reports whether a JSON number stands for one of Python's special
// numbers.
func fromPython(literal []byte) bool {
	return slices.Contains([]string{notANumber, infinity, minusInfinity}, string(literal))
}

// replaceBare returns a copy of JSON in which words outside strings are replaced.
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

// textLength returns the length of the JSON string that value begins with, quotes
// included, or of all of value if the string does not end.
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
