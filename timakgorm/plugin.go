package timakgorm

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timak"
)

// Plugin is a gorm.Plugin that keeps the timelines of tracked models. Make it
// with New, name the models with Register, install it with db.Use, and let Run
// carry changes to the timelines. All methods but Register and Initialize may
// be called from any number of goroutines.
type Plugin struct {
	timelines *timak.Timelines
	opts      Options
	tracked   []Tracked
	wakeUp    chan struct{}
	relaying  chan struct{} // holds one while a batch is under way in this process

	counters    counters
	sessions    sessions
	deliveries  deliveries
	foreignSeen seldom
	drawn       atomic.Int64 // an id of the outbox: later transactions draw greater ones

	capacities map[string]capacity // of timelines, by the templates of their keys

	// Set by Initialize.
	db      *gorm.DB
	dialect dialect
	tables  map[string]*table

	triggers map[string]*tableTriggers
	schema   schemaVersion
	homes    homes
	strays   strays
	cascades foreignKeys
	parents  schemaFacts[string] // the tracked tables that other tables are a part or a view of
	resolves schemaFacts[string] // what tables do about conflicts
	plain    schemaFacts[bool]   // whether updates of tables do no more than they say
	inserts  schemaFacts[bool]   // whether triggers may change rows of tables before they are inserted
	judges   int                 // how often Verify looks at what is in doubt
}

// New returns a plugin that keeps timelines, with options that may be nil.
func New(timelines *timak.Timelines, opts *Options) (*Plugin, error) {
	if timelines == nil {
		return nil, errors.New("timakgorm: New: expected timelines, such as timak.New(store, nil)")
	}
	withDefaults, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Plugin{timelines: timelines, opts: withDefaults, capacities: map[string]capacity{}, judges: judges, wakeUp: make(chan struct{}, 1), relaying: make(chan struct{}, 1)}, nil
}

// Register adds models, given as pointers to their structs or by Track, whose
// rules it checks: every mistake is an error that names the model, the field
// and what was expected. Call it before db.Use.
func (p *Plugin) Register(models ...any) error {
	if p.db != nil {
		return errors.New("timakgorm: Register after db.Use: register all models first")
	}
	for _, value := range models {
		tracked, ok := value.(Tracked)
		if !ok {
			tracked = Tracked{model: value}
		}
		m, err := compile(tracked, schema.NamingStrategy{})
		if err != nil {
			return err
		}
		known := func(t Tracked) bool { return structType(t.model) == m.schema.ModelType }
		if slices.ContainsFunc(p.tracked, known) {
			return fmt.Errorf("timakgorm: %s is registered twice", m.schema.Name)
		}
		if other := p.modelOf(m.table); other != "" {
			return fmt.Errorf("timakgorm: %s and %s are both for the table %q: expected one model a table", other, m.schema.Name, m.table)
		}
		capacities := maps.Clone(p.capacities)
		if err := agree(capacities, m); err != nil {
			return err
		}
		p.capacities = capacities
		p.tracked = append(p.tracked, tracked)
	}
	return nil
}

// modelOf returns the name of the registered model of a table; empty if there is
// none.
func (p *Plugin) modelOf(table string) string {
	for _, tracked := range p.tracked {
		if m, err := compile(tracked, schema.NamingStrategy{}); err == nil && m.table == table {
			return m.schema.Name
		}
	}
	return ""
}

// Name implements gorm.Plugin.
func (p *Plugin) Name() string { return "timak" }

// Initialize implements gorm.Plugin; db.Use calls it.
func (p *Plugin) Initialize(db *gorm.DB) error {
	if p.db != nil && db.Plugins[p.Name()] == gorm.Plugin(p) {
		return p.hookCommit(db) // dbresolver opens other connections of the same database
	}
	if p.db != nil {
		return errors.New("timakgorm: the plugin is in use already: make one for every database")
	}
	d, err := dialectOf(db.Name())
	if err != nil {
		return err
	}
	p.dialect = d
	p.tables = map[string]*table{}
	for _, tracked := range p.tracked {
		m, err := compile(tracked, db.NamingStrategy)
		if err != nil {
			return err
		}
		if p.tables[m.table] != nil {
			return fmt.Errorf("timakgorm: two models are registered for the table %q", m.table)
		}
		if err := m.readVisibility(db); err != nil {
			return err
		}
		p.tables[m.table] = &table{model: m, dialect: d, sql: d.statementsAs(m, home{}, unqualified(m.table), func(name string) string { return db.Statement.Quote(name) })}
	}
	if err := p.useColumns(db); err != nil {
		return err
	}
	if err := p.useTriggers(db); err != nil {
		return err
	}
	if d.name == postgres.name {
		if err := p.registerPartitions(db); err != nil {
			return err
		}
		p.lookAround(db)
	}
	if p.opts.Capture == Triggers && p.opts.Deliver == OnCommit {
		if err := p.registerTransactions(db); err != nil {
			return err
		}
	}
	p.db = db
	if err := p.registerMetrics(); err != nil {
		return err
	}
	return p.hookCommit(db)
}
