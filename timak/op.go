package timak

// Op is one change of a timeline, made by Put, Remove, RemoveEntry or
// RemoveSource and carried out by Timelines.Apply.
type Op struct {
	kind    opKind
	item    Item // ID and Source for a removal; only Source for RemoveSource
	version int64
}

type opKind uint8

const (
	opNone opKind = iota
	opPut
	opRemove
	opRemoveEntry
	opRemoveSource
)

// Put adds an item, or changes the date and data of the one that its source
// put before. The Op keeps item.Data until Apply returns.
func Put(item Item) Op { return Op{kind: opPut, item: item} }

// Remove takes an item out, whatever its sources.
func Remove(id string) Op { return Op{kind: opRemove, item: Item{ID: id}} }

// RemoveEntry takes away one source's reason for an item: the item stays while
// another source holds it.
func RemoveEntry(id, source string) Op {
	return Op{kind: opRemoveEntry, item: Item{ID: id, Source: source}}
}

// RemoveSource takes away a source's reason for every item, those included
// that its writers have put and this process has not seen yet.
func RemoveSource(source string) Op {
	return Op{kind: opRemoveSource, item: Item{Source: source}}
}

// WithVersion returns the op with an explicit version, 1 to MaxVersion, in
// microseconds since 1970: of two changes of an entry the one with the higher
// version stands, in whatever order they arrive. Without it, and with 0, Apply
// gives the op a version above all that it has seen of the entry.
func (o Op) WithVersion(version int64) Op {
	o.version = version
	return o
}

// Outcome says what became of an Op.
type Outcome uint8

const (
	// Applied says that the timeline is as the op wanted, now or already before.
	Applied Outcome = iota + 1

	// Superseded says that a newer version is there, and stands.
	Superseded

	// FellOff says that the item was put, but is beyond the timeline's capacity.
	FellOff

	// Stale says that the op's version is at or below the horizon, where tombstones have
	// been forgotten; nobody can tell whether something newer was there, so it
	// was not applied. Read the truth again and apply that with a new version.
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

	// Version is the one the op was applied with: its own, or the one it was
	// given.
	Version int64
}
