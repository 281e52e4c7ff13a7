package timakgorm

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timakgorm/internal/audience"
	"github.com/timak-go/timak/timakgorm/internal/audit"
	"github.com/timak-go/timak/timakgorm/internal/beyond"
	"github.com/timak-go/timak/timakgorm/internal/cascade"
	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/follow"
	"github.com/timak-go/timak/timakgorm/internal/guard"
	"github.com/timak-go/timak/timakgorm/internal/hooks"
	"github.com/timak-go/timak/timakgorm/internal/model"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/relay"
	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/triggers"
	"github.com/timak-go/timak/timakgorm/internal/watchers"
)

// Plugin is a gorm.Plugin that keeps the timelines of tracked models up to date.
// Create it with New, add models with Register and install it with db.Use. Run
// applies changes to the timelines. All methods except Register and Initialize
// may be called from any number of goroutines.
type Plugin struct {
	timelines  *timak.Timelines
	opts       Options
	declared   []model.Declared
	functions  []*audience.Function
	capacities map[string]model.Capacity // of timelines, by the templates of their keys

	// Set by Initialize.
	db       *gorm.DB
	tables   *dialect.Tables
	sessions *session.Sessions
	follower *follow.Follower
	watch    *triggers.Watch
	relay    *relay.Relay
	audit    *audit.Audit
	beyond   *beyond.Beyond
	watchers *watchers.Watchers
	pages    pages

	unrelayed *unrelayed
	unmade    unmade
}

// New returns a plugin that keeps timelines up to date. opts may be nil.
func New(timelines *timak.Timelines, opts *Options) (*Plugin, error) {
	if timelines == nil {
		return nil, errors.New("timakgorm: New: expected timelines, such as timak.New(store, nil)")
	}
	withDefaults, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Plugin{timelines: timelines, opts: withDefaults, capacities: map[string]model.Capacity{}}, nil
}

// Register adds models, given as pointers to their structs or by Track, and audiences
// whose timelines a function names, and checks their rules. Every mistake is an error that names the model, the field
// and what was expected. Call Register before db.Use.
func (p *Plugin) Register(models ...any) error {
	if p.db != nil {
		return errors.New("timakgorm: Register after db.Use: register all models first")
	}
	for _, value := range models {
		if named, is := value.(Audience); is {
			if err := p.registerAudience(named); err != nil {
				return err
			}
			continue
		}
		tracked, ok := value.(Tracked)
		if !ok {
			tracked = Tracked{model.Declared{Value: value}}
		}
		m, err := model.Compile(tracked.declared, schema.NamingStrategy{})
		if err != nil {
			return err
		}
		known := func(d model.Declared) bool { return model.StructType(d.Value) == m.Schema.ModelType }
		if slices.ContainsFunc(p.declared, known) {
			return fmt.Errorf("timakgorm: %s is registered twice", m.Schema.Name)
		}
		if other := p.modelOf(m.Table); other != "" {
			return fmt.Errorf("timakgorm: %s and %s are both for the table %q: expected one model per table", other, m.Schema.Name, m.Table)
		}
		capacities := maps.Clone(p.capacities)
		if err := model.Agree(capacities, m); err != nil {
			return err
		}
		p.capacities = capacities
		p.declared = append(p.declared, tracked.declared)
	}
	return nil
}

// registerAudience adds an audience that is a function.
func (p *Plugin) registerAudience(a Audience) error {
	f, err := a.compiled()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(p.functions, func(other *audience.Function) bool { return other.Name == f.Name }) {
		return fmt.Errorf("timakgorm: audience %q is registered twice", f.Name)
	}
	p.functions = append(p.functions, f)
	return nil
}

// modelOf returns the name of the registered model of a table; empty if there is
// none.
func (p *Plugin) modelOf(table string) string {
	for _, d := range p.declared {
		if m, err := model.Compile(d, schema.NamingStrategy{}); err == nil && m.Table == table {
			return m.Schema.Name
		}
	}
	return ""
}

// Name implements gorm.Plugin.
func (p *Plugin) Name() string { return "timak" }

// Initialize implements gorm.Plugin; db.Use calls it.
func (p *Plugin) Initialize(db *gorm.DB) error {
	if p.db != nil && db.Plugins[p.Name()] == gorm.Plugin(p) {
		return p.sessions.HookCommit(db) // dbresolver opens other connections of the same database
	}
	if p.db != nil {
		return errors.New("timakgorm: the plugin is in use already: create one plugin per database")
	}
	ts, err := p.tablesOf(db)
	if err != nil {
		return err
	}
	if len(p.declared) == 0 {
		return errors.New("timakgorm: db.Use of a plugin without models: expected plugin.Register(&Post{}) before")
	}
	if err := ts.CheckColumns(db); err != nil {
		return err
	}
	audiences, err := audience.New(ts, p.functions)
	if err != nil {
		return err
	}
	g, keys := p.furnish(ts, audiences)
	if err := p.register(db, ts, g, keys); err != nil {
		return err
	}
	p.db, p.tables = db, ts
	p.warnOfImpatience()
	if err := p.registerMetrics(); err != nil {
		return err
	}
	return p.sessions.HookCommit(db)
}

// models returns the tracked models, with the names that their tables and columns
// have in a database.
func (p *Plugin) models(db *gorm.DB) ([]*model.Model, error) {
	var models []*model.Model
	for _, d := range p.declared {
		m, err := model.Compile(d, db.NamingStrategy)
		if err != nil {
			return nil, err
		}
		if err := m.ReadVisibility(db); err != nil {
			return nil, err
		}
		models = append(models, m)
	}
	return models, nil
}

// tablesOf returns the tracked tables of a database.
func (p *Plugin) tablesOf(db *gorm.DB) (*dialect.Tables, error) {
	d, err := dialect.Of(db.Name())
	if err != nil {
		return nil, err
	}
	models, err := p.models(db)
	if err != nil {
		return nil, err
	}
	return dialect.NewTables(d, models, func(name string) string { return db.Statement.Quote(name) })
}

// furnish creates the parts of the plugin for the tracked tables.
func (p *Plugin) furnish(ts *dialect.Tables, audiences *audience.Audiences) (*guard.Guard, *cascade.Keys) {
	log := p.opts.Logger
	p.watchers = watchers.New(watchers.Options{DB: p.pool, Dialect: ts.Dialect, Max: p.opts.Watches, Poll: p.opts.Poll, Log: log})
	p.relay = relay.New(p.timelines, ts, audiences, relay.Options{
		DB: p.pool, Rebuild: p.rebuilder(), Batch: p.opts.Batch, Writers: p.opts.Writers, Poll: p.opts.Poll, Patience: p.opts.DeliverTimeout, Watchers: p.watchers, Log: log,
	})
	p.beyond = beyond.New(p.timelines, ts, audiences)
	p.audit = audit.New(p.timelines, ts, audiences, p.relay, log)
	p.unrelayed = &unrelayed{patience: relayPatience, oldest: p.oldest, log: log}
	opts := session.Options{DB: p.pool, Views: p.opts.Capture == Callbacks, Wake: p.wake, Log: log}
	if p.opts.Deliver == OnCommit {
		opts.Deliver, opts.Unseen = p.deliver, p.opts.Capture == Triggers
	}
	p.sessions = session.New(ts, opts)
	p.follower = follow.New(ts, p.sessions)
	g := guard.New(ts, p.sessions, guard.Options{Callbacks: p.opts.Capture == Callbacks, Warn: p.opts.RawSQL == WarnRaw, Log: log})
	p.watch = triggers.New(ts, p.sessions, triggers.Options{Installed: p.opts.Capture == Triggers, Models: p.models, DB: p.pool, Wake: p.relay.Wake})
	return g, cascade.New(ts, p.sessions, log)
}

// register registers the callbacks of all parts with a database.
func (p *Plugin) register(db *gorm.DB, ts *dialect.Tables, g *guard.Guard, keys *cascade.Keys) error {
	capture := hooks.New(ts, p.sessions, g, keys).Register
	if p.opts.Capture == Triggers {
		if err := p.watch.Expect(db); err != nil {
			return err
		}
		capture = p.watch.RegisterMarks
	}
	err := errors.Join(p.sessions.RegisterDDL(db), p.watch.RegisterChecks(db), capture(db), g.RegisterByteKeys(db))
	if err != nil {
		return err
	}
	if ts.Dialect.Name == dialect.Postgres.Name {
		if err := g.RegisterPartitions(db); err != nil {
			return err
		}
		p.sessions.LookAround(db)
	}
	if p.opts.Capture == Triggers && p.opts.Deliver == OnCommit {
		return p.watch.RegisterTransactions(db)
	}
	return nil
}

// pool returns the connection pool of the database in use.
func (p *Plugin) pool() (*sql.DB, error) {
	if p.db == nil {
		return nil, errNotInUse
	}
	db, err := p.db.DB()
	if err != nil {
		return nil, fmt.Errorf("timakgorm: %w", err)
	}
	return db, nil
}

// outbox returns the outbox of the database in use.
func (p *Plugin) outbox() (*outbox.Outbox, error) {
	if p.db == nil {
		return nil, errNotInUse
	}
	return p.relay.Outbox()
}
