package timakgorm

import (
	"slices"
	"strings"
)

// course is all the ways on which foreign keys pass on what a statement does to
// the rows of a table.
type course struct {
	first []*step
	ends  []*step // where tracked tables change, the nearest first

	hidden []*fkTable
}

// step is one foreign key on such a way.
type step struct {
	key  *foreignKey // nil: a part of the table before, whose rows that has
	says string      // what the key says it does
	at   *fkTable    // the table whose rows change
	on   impact
	from *step // nil: the statement's table

	shows   []*table // the tracked tables that change here
	blocked string   // why the rows cannot be followed; empty if they can
	next    []*step
	leads   bool // to rows that can be followed, here or further on
}

// courseOf follows what happens to rows of a table to its ends. blocked is why
// these rows are not known; empty if they are. Of hidden tables the program may not
// see and lock all rows.
func courseOf(t *fkTable, impacts []impact, blocked string, hidden ...*fkTable) *course {
	c := &course{hidden: hidden}
	known := map[string]*step{}
	var queue []*step
	add := func(steps []*step) (met []*step) {
		for _, s := range steps {
			if known[s.id()] == nil {
				known[s.id()] = s
				queue = append(queue, s)
			}
			met = append(met, known[s.id()])
		}
		return met
	}
	for _, on := range impacts {
		start := &step{at: t, on: on, blocked: blocked}
		c.first = append(c.first, add(c.onward(start, nil))...)
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if len(s.shows) > 0 {
			c.ends = append(c.ends, s)
		}
		s.next = add(c.onward(s, s))
	}
	markLeading(known)
	return c
}

// id is the same for steps that are one.
func (s *step) id() string {
	id := []string{s.at.from, string('0' + rune(s.on.kind)), s.blocked}
	if s.key != nil {
		id = append(id, s.key.name, s.key.parent.from, strings.Join(s.key.columnNames(), "\x01"))
	}
	return strings.Join(append(id, s.on.columns...), "\x00")
}

// onward returns the steps that come next; from is nil for the statement's table.
func (c *course) onward(s, from *step) (steps []*step) {
	for _, key := range s.at.keys {
		on, does := key.passes(s.on)
		if !does {
			continue
		}
		next := &step{key: key, at: key.child, on: on, from: from, blocked: s.blocked, says: key.says(s.on), shows: key.child.shown(on)}
		if next.blocked == "" {
			next.blocked = c.obstacle(next, s.at)
		}
		steps = append(steps, next)
	}
	if from == nil || s.at.whole {
		steps = append(steps, s.parts(from)...)
	}
	return steps
}

// parts returns the tracked tables whose rows change as those of a table do of
// which theirs is a part.
func (s *step) parts(from *step) (steps []*step) {
	for _, part := range s.at.parts {
		next := &step{at: part, on: s.on, from: from, blocked: "it is a part of the table that is written"}
		next.shows = slices.DeleteFunc(part.shown(s.on), func(t *table) bool { return slices.Contains(s.at.shows, t) })
		if len(next.shows) > 0 {
			steps = append(steps, next)
		}
	}
	return steps
}

// obstacle says why a step cannot be followed from the rows of a table; empty if
// it can.
func (c *course) obstacle(s *step, from *fkTable) string {
	moves := func(t *table) bool { return s.on.kind == rowsChange && onAny(s.on, t.model.keys) }
	switch {
	case slices.Contains(from.parts, s.key.parent):
		return "the foreign key is one of a part of " + from.name
	case slices.Contains(c.hidden, from):
		return "this program may not see and lock all rows of " + from.name
	case slices.Contains(c.hidden, s.at):
		return "this program may not see and lock all rows of " + s.at.name
	case slices.ContainsFunc(s.shows, moves):
		return "the foreign key changes the primary key"
	default:
		return ""
	}
}

// markLeading marks the steps by which rows are reached that can be followed.
func markLeading(all map[string]*step) {
	for again := true; again; {
		again = false
		for _, s := range all {
			if s.blocked == "" && !s.leads && (len(s.shows) > 0 || slices.ContainsFunc(s.next, func(next *step) bool { return next.leads })) {
				s.leads, again = true, true
			}
		}
	}
}

// followed returns those of some steps whose rows are to be read.
func followed(steps []*step) []*step {
	return slices.DeleteFunc(slices.Clone(steps), func(s *step) bool { return !s.leads })
}

// String says by which foreign keys a step is reached, the last first.
func (s *step) String() string {
	var parts []string
	for ; s != nil; s = s.from {
		if s.key == nil {
			parts = append(parts, s.at.name+" is a part of it")
		} else {
			parts = append(parts, s.describe())
		}
	}
	return strings.Join(parts, ", ")
}

// describe writes a foreign key as SQL does.
func (s *step) describe() string {
	refers := make([]string, len(s.key.columns))
	for i, column := range s.key.columns {
		refers[i] = column.Refers
	}
	return s.at.name + " (" + strings.Join(s.key.columnNames(), ", ") + ") REFERENCES " +
		s.key.parent.name + " (" + strings.Join(refers, ", ") + ")" + s.says
}
