package cascade

import (
	"slices"
	"strings"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
)

// Course is all the paths on which foreign keys pass on what a statement does to the
// rows of a table.
type Course struct {
	First []*Step
	Ends  []*Step // where tracked tables change, the nearest first

	hidden []*Table
}

// Step is one foreign key on a path.
type Step struct {
	Key    *foreignKey // nil: At is a part of the previous table, and holds rows of it
	says   string      // the key's action, as SQL writes it
	At     *Table      // the table whose rows change
	impact Impact
	from   *Step // the previous step; nil: the statement's table

	Shows   []*dialect.Table // the tracked tables that change here
	blocked string           // why the rows cannot be followed; empty if they can
	Next    []*Step
	leads   bool // here or further on are rows that can be followed
}

// CourseOf returns the course of impacts on the rows of a table. blocked says why
// these rows are not known; empty if they are. hidden are the tables of which the
// program may not see and lock all rows.
func CourseOf(t *Table, impacts []Impact, blocked string, hidden ...*Table) *Course {
	c := &Course{hidden: hidden}
	known := map[string]*Step{}
	var queue []*Step
	add := func(steps []*Step) (met []*Step) {
		for _, s := range steps {
			if known[s.id()] == nil {
				known[s.id()] = s
				queue = append(queue, s)
			}
			met = append(met, known[s.id()])
		}
		return met
	}
	for _, impact := range impacts {
		start := &Step{At: t, impact: impact, blocked: blocked}
		c.First = append(c.First, add(c.onward(start, nil))...)
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if len(s.Shows) > 0 {
			c.Ends = append(c.Ends, s)
		}
		s.Next = add(c.onward(s, s))
	}
	markLeading(known)
	return c
}

// id is the same for equal steps.
func (s *Step) id() string {
	id := []string{s.At.From, string('0' + rune(s.impact.Kind)), s.blocked}
	if s.Key != nil {
		id = append(id, s.Key.name, s.Key.parent.From, strings.Join(s.Key.columnNames(), "\x01"))
	}
	return strings.Join(append(id, s.impact.Columns...), "\x00")
}

// onward returns the next steps; from is nil for the statement's table.
func (c *Course) onward(s, from *Step) (steps []*Step) {
	for _, key := range s.At.Keys {
		impact, does := key.passes(s.impact)
		if !does {
			continue
		}
		next := &Step{Key: key, At: key.child, impact: impact, from: from, blocked: s.blocked, says: key.says(s.impact), Shows: key.child.shown(impact)}
		if next.blocked == "" {
			next.blocked = c.obstacle(next, s.At)
		}
		steps = append(steps, next)
	}
	if from == nil || s.At.partitioned {
		steps = append(steps, s.parts(from)...)
	}
	return steps
}

// parts returns steps to the tracked tables whose rows change because their table is
// a part of this one.
func (s *Step) parts(from *Step) (steps []*Step) {
	for _, part := range s.At.Parts {
		next := &Step{At: part, impact: s.impact, from: from, blocked: "it is a part of the table that is written"}
		next.Shows = slices.DeleteFunc(part.shown(s.impact), func(t *dialect.Table) bool { return slices.Contains(s.At.shows, t) })
		if len(next.Shows) > 0 {
			steps = append(steps, next)
		}
	}
	return steps
}

// obstacle says why a step cannot be followed from the rows of a table; empty if it
// can.
func (c *Course) obstacle(s *Step, from *Table) string {
	moves := func(t *dialect.Table) bool { return s.impact.Kind == RowsChange && changesAny(s.impact, t.Model.Keys) }
	switch {
	case slices.Contains(from.Parts, s.Key.parent):
		return "the foreign key refers to a part of " + from.Name
	case slices.Contains(c.hidden, from):
		return "this program may not see and lock all rows of " + from.Name
	case slices.Contains(c.hidden, s.At):
		return "this program may not see and lock all rows of " + s.At.Name
	case slices.ContainsFunc(s.Shows, moves):
		return "the foreign key changes the primary key"
	default:
		return ""
	}
}

// markLeading marks the steps that lead to rows which can be followed.
func markLeading(all map[string]*Step) {
	for again := true; again; {
		again = false
		for _, s := range all {
			if s.blocked == "" && !s.leads && (len(s.Shows) > 0 || slices.ContainsFunc(s.Next, func(next *Step) bool { return next.leads })) {
				s.leads, again = true, true
			}
		}
	}
}

// Followed returns the steps whose rows must be read: those that lead to rows which
// can be followed.
func Followed(steps []*Step) []*Step {
	return slices.DeleteFunc(slices.Clone(steps), func(s *Step) bool { return !s.leads })
}

// String names the foreign keys on the path to a step, the last one first.
func (s *Step) String() string {
	var parts []string
	for ; s != nil; s = s.from {
		if s.Key == nil {
			parts = append(parts, s.At.Name+" is a part of it")
		} else {
			parts = append(parts, s.describe())
		}
	}
	return strings.Join(parts, ", ")
}

// describe writes a foreign key as SQL does.
func (s *Step) describe() string {
	refers := make([]string, len(s.Key.columns))
	for i, column := range s.Key.columns {
		refers[i] = column.Refers
	}
	return s.At.Name + " (" + strings.Join(s.Key.columnNames(), ", ") + ") REFERENCES " +
		s.Key.parent.Name + " (" + strings.Join(refers, ", ") + ")" + s.says
}

// Strength is the lock that Postgres itself takes on the rows of a step.
func (s *Step) Strength() string {
	if s.impact.Kind == RowsChange && len(Followed(s.Next)) == 0 {
		return "NO KEY UPDATE" // other transactions may insert rows that refer to them
	}
	return "UPDATE"
}
