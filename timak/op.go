package timak

// Op is one change of a timeline, made by Put, Remove, RemoveEntry, RemoveSource,
// RaiseFloor or Heal and carried out by Timelines.Apply.
type Op struct {
	kind    opKind
	item    Item // ID and Source for a removal; only Source for RemoveSource
	version int64
	to      *Place // only of Heal; its moment is in version
}

type opKind uint8

const (
	opNone opKind = iota
	opPut
	opRemove
	opRemoveEntry
	opRemoveSource
	opRaiseFloor
	opHeal
)

// Put adds an item, or changes the date and data of the item that the same source
// put before. The Op keeps item.Data until Apply returns.
func Put(item Item) Op { return Op{kind: opPut, item: item} }

// Remove removes an item, whatever its sources.
func Remove(id string) Op { return Op{kind: opRemove, item: Item{ID: id}} }

// RemoveEntry removes one source's reason for an item. The item stays while another
// source holds it.
func RemoveEntry(id, source string) Op {
	return Op{kind: opRemoveEntry, item: Item{ID: id, Source: source}}
}

// RemoveSource removes a source's reason for every item, including items that other
// writers have put and this process has not seen yet.
func RemoveSource(source string) Op {
	return Op{kind: opRemoveSource, item: Item{Source: source}}
}

// RaiseFloor says that the timeline may lack items at and after a place, such as those of
// a source of which only the first were put. PageThrough reads them elsewhere. Items that
// fall off raise the floor as well, and nothing lowers it. It has no version, and is
// always Applied.
func RaiseFloor(at Place) Op {
	return Op{kind: opRaiseFloor, item: Item{ID: at.ID, At: at.At}}
}

// Heal says that the timeline lacks nothing between two places that the source of truth
// held at a moment: the Puts before it in the same Apply are what it held there then. So the
// floor falls from the one place to the other, or there is none any more if to is nil. It
// stays where it was, and the Heal is Superseded, if one of these Puts is Stale or Covered,
// or if an item that came, or may have come, after the moment was dropped: see
// Timelines.AsOf.
//
// The moment, 1 to MaxVersion, must be drawn before the source of truth is read, and be
// higher than all that were drawn before.
func Heal(from Place, to *Place, moment int64) Op {
	return Op{kind: opHeal, item: Item{ID: from.ID, At: from.At}, to: to, version: moment}
}

// WithVersion returns the op with an explicit version, 1 to MaxVersion, in
// microseconds since 1970. Of two changes of an entry the one with the higher
// version wins, in whatever order they arrive. Without a version, or with 0, Apply
// picks one above every version it has seen of the entry.
func (o Op) WithVersion(version int64) Op {
	o.version = version
	return o
}

// Outcome says what happened to an Op.
type Outcome uint8

const (
	// Applied means that the timeline is as the op wanted, now or already before.
	Applied Outcome = iota + 1

	// Superseded means that a newer version was already stored and wins.
	Superseded

	// FellOff means that the item was put, but is beyond the timeline's capacity.
	FellOff

	// Stale means that the op's version is at or below the horizon, where
	// tombstones have been collected. Nobody can tell whether something newer was
	// there, so the op was not applied. Read the source of truth again and apply
	// that with a new version.
	Stale
)

// String returns the outcome's name.
func (o Outcome) String() string {
	switch o {
	case Applied:
		return "applied"
	case Superseded:
		return "superseded"
	case FellOff:
		return "fell off"
	case Stale:
		return "stale"
	default:
		return "unknown"
	}
}

// Result reports one op of an Apply.
type Result struct {
	Outcome Outcome

	// Version is the version the op was applied with: its explicit version, or the
	// one that Apply picked.
	Version int64

	// Covered says that a Put is Superseded by a removal of its whole source, and by
	// nothing that concerns the item itself.
	Covered bool

	// Room is set by ops that may leave fewer items before the floor than the timeline
	// has room for: removals, and Puts behind it. It is how many are wanting, as far as is
	// known, and 0 if no Heal can bring them back. Entries.Room knows.
	Room int
}
