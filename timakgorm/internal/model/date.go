package model

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm/schema"
)

// timeLayouts are what Postgres writes in JSON, with a zone and without one, what
// Go's SQLite drivers store and read, and what SQLite's own functions accept as a
// date. A time without a zone is UTC.
var timeLayouts = []string{
	time.RFC3339Nano,
	"2006-01-02 15:04:05.999999999-07:00",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04:05.999999999-07:00:00", // of a zone before its standard time
	"2006-01-02 15:04:05.999999999 -0700",
	"2006-01-02 15:04:05.999999999 -07:00",
	"2006-01-02 15:04",
	"2006-01-02T15:04",
	"2006-01-02 15:04-07:00",
	"2006-01-02T15:04-07:00",
	time.DateOnly,
}

// parseTime returns a time that a database or a driver has written. Its errors
// name the column and say what was expected.
func parseTime(field *schema.Field, text string) (time.Time, error) {
	t, ok := parseAny(text)
	switch {
	case !ok:
		return time.Time{}, fmt.Errorf("column %q is %q: expected a date", field.DBName, shortened(text))
	case time.UnixMicro(t.UnixMicro()).Unix() != t.Unix():
		return time.Time{}, fmt.Errorf("column %q is %q: expected a date that an int64 of microseconds since 1970 holds, from %d BC to %d",
			field.DBName, text, 1-time.UnixMicro(-1<<63).UTC().Year(), time.UnixMicro(1<<63-1).UTC().Year())
	default:
		return t, nil
	}
}

// parseAny reads a time of any year.
func parseAny(text string) (time.Time, bool) {
	if t, ok := parseNear(text); ok {
		return t, true
	}
	return parseFar(text)
}

// parseNear reads a time whose year has four digits, as Go's layouts require.
func parseNear(text string) (time.Time, bool) {
	parts := strings.SplitN(text, " ", 4) // the fourth is the zone's name that time.String writes: any text
	plain := strings.TrimSpace(strings.TrimSuffix(strings.Join(parts[:min(3, len(parts))], " "), "Z"))
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, plain); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// farTime splits a time into its year and the rest. Postgres writes years before
// our era with BC; Go and SQLite write them with a sign, and one less.
var farTime = regexp.MustCompile(`^(-?)(\d{4,9})(-.*?)( BC)?$`)

// parseFar reads a time of any year: it reads a year with the same calendar,
// which repeats every 400 years, and moves the result to the year given.
func parseFar(text string) (time.Time, bool) {
	parts := farTime.FindStringSubmatch(text)
	if parts == nil || parts[1] != "" && parts[4] != "" {
		return time.Time{}, false
	}
	year, err := strconv.Atoi(parts[1] + parts[2])
	if err != nil {
		return time.Time{}, false
	}
	if parts[4] != "" {
		year = 1 - year
	}
	like := 2000 + (year%400+400)%400
	t, ok := parseNear(strconv.Itoa(like) + parts[3])
	return t.AddDate(year-like, 0, 0), ok
}
