package timakgorm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// InstallTriggers puts the triggers of all tracked tables into the database, in
// one transaction, in place of outdated ones; it does nothing where they are
// current. Any number of processes may call it at the same time. It needs
// timak's own tables (Migrate) and the tracked ones, whose owner the role has to
// be, and takes a lock on a table for the moment of changing its triggers. db
// may be a transaction, and need not be the one that the plugin is in use with.
//
// Triggers of tables that are no longer tracked stay: see DropTriggers.
//
// Postgres must be of version 13 or later. The triggers run with the rights of
// the role that installs them, which has to see all rows of the table; those who
// write it need no others. They look rows up by their primary key, which needs an
// index. They do not fire for a session_replication_role of replica; lastval() is
// another after them; SERIALIZABLE transactions may have to be tried again more
// often. TRUNCATE is refused in a transaction of more than READ COMMITTED, which
// does not see all rows that it removes. Writes of other programs that name a
// partition, or a table that inherits from the tracked one, are followed for those
// which are there at the call: call it again when there are new ones.
//
// SQLite must have JSON functions: version 3.38, or one from 3.31 on built with
// them. INSERT OR REPLACE and UPDATE OR REPLACE are followed over the primary
// key and the unique columns and indexes that the model declares; over others
// only with PRAGMA recursive_triggers.
func (p *Plugin) InstallTriggers(ctx context.Context, db *gorm.DB) error {
	d, err := dialectOf(db.Name())
	if err != nil {
		return err
	}
	sets, err := p.triggerSets(d, db)
	if err != nil {
		return err
	}
	defer p.schema.change()()
	err = changeTriggers(ctx, db, func(d dialect, pool gorm.ConnPool) error {
		for _, set := range sets {
			if err := set.model.checkColumns(ctx, d, pool, quoteName(set.table)); err != nil {
				return err
			}
			if err := set.install(ctx, d, pool); err != nil {
				return fmt.Errorf("triggers of %s: %w", set.table, err)
			}
		}
		return nil
	})
	if errors.Is(err, errColumns) {
		return err
	}
	if err != nil {
		return fmt.Errorf("timakgorm: install triggers (did timakgorm.Migrate run?): %w", err)
	}
	return nil
}

// DropTriggers takes all of timak's triggers away again, those of tables that
// are no longer tracked too, and on SQLite what they alone need. Called before
// InstallTriggers in one transaction it leaves only those of today's rules.
func (p *Plugin) DropTriggers(ctx context.Context, db *gorm.DB) error {
	defer p.schema.change()()
	err := changeTriggers(ctx, db, func(d dialect, pool gorm.ConnPool) error {
		found, err := installedTriggers(ctx, d, pool, "")
		if err != nil {
			return err
		}
		statements := d.dropsOf(found)
		if d.name == sqlite.name {
			statements = append(statements, sqliteTablesDown...)
		}
		return execAll(ctx, pool, statements)
	})
	if err != nil {
		return fmt.Errorf("timakgorm: drop triggers: %w", err)
	}
	return nil
}

// TriggerSQL returns what InstallTriggers would run on an empty database of a
// dialect, "postgres" or "sqlite", for those who have a migration tool of their
// own; it replaces older triggers of the same tables. Call db.Use(plugin) first:
// tables and columns are named as in that database, which may be of the other
// dialect.
func (p *Plugin) TriggerSQL(dialect string) (string, error) {
	return p.triggerScript(dialect, func(s triggerSet) []string { return s.up })
}

// TriggerDownSQL returns what undoes TriggerSQL, but for tables of timak's on
// SQLite that triggers of other tables may need.
func (p *Plugin) TriggerDownSQL(dialect string) (string, error) {
	return p.triggerScript(dialect, func(s triggerSet) []string { return s.down })
}

func (p *Plugin) triggerScript(dialect string, pick func(triggerSet) []string) (string, error) {
	d, err := dialectOf(dialect)
	if err != nil {
		return "", err
	}
	if p.db == nil {
		return "", errNotInUse
	}
	sets, err := p.triggerSets(d, p.db)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, set := range sets {
		for _, statement := range pick(set) {
			if text := placed(statement, schemas{}); text != "" {
				b.WriteString(text + ";\n\n")
			}
		}
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// triggerSets returns the triggers that all tracked tables should have; db says
// what they are called.
func (p *Plugin) triggerSets(d dialect, db *gorm.DB) ([]triggerSet, error) {
	sets := make([]triggerSet, 0, len(p.tracked))
	for _, tracked := range p.tracked {
		m, err := compile(tracked, db.NamingStrategy)
		if err != nil {
			return nil, err
		}
		if err := m.readVisibility(db); err != nil {
			return nil, err
		}
		set, err := d.triggersOf(m)
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	slices.SortFunc(sets, func(a, b triggerSet) int { return strings.Compare(a.table, b.table) })
	return sets, nil
}

// useTriggers prepares the triggers' part of Initialize.
func (p *Plugin) useTriggers(db *gorm.DB) error {
	p.triggers = map[string]*tableTriggers{}
	p.schema.number.Add(1)       // the first
	for name := range p.tables { // none should be there with Callbacks
		p.triggers[name] = &tableTriggers{triggerSet: triggerSet{table: name}}
	}
	if p.opts.Capture == Callbacks {
		return errors.Join(p.registerDDL(db), p.registerChecks(db), p.registerCallbacks(db), p.registerByteKeys(db))
	}
	sets, err := p.triggerSets(p.dialect, db)
	if err != nil {
		return err
	}
	for _, set := range sets {
		p.triggers[set.table].triggerSet = set
	}
	return errors.Join(p.registerDDL(db), p.registerChecks(db), p.registerMarks(db), p.registerByteKeys(db))
}

// triggersLock is the number of the advisory lock under which triggers are
// changed on Postgres.
const triggersLock = migrationsLock + 1

// changeTriggers calls change in a transaction in which no other can do the
// same.
func changeTriggers(ctx context.Context, db *gorm.DB, change func(dialect, gorm.ConnPool) error) error {
	d, err := dialectOf(db.Name())
	if err != nil {
		return err
	}
	lock := fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", triggersLock)
	if d.name == sqlite.name {
		lock = "UPDATE timak_clock SET high = high" // a read lock could not become a write lock
	}
	return db.Session(&gorm.Session{NewDB: true, Context: ctx}).Transaction(func(tx *gorm.DB) error {
		pool := tx.Statement.ConnPool
		if own := transactionOf(pool); own != nil { // db may be a transaction that is not to end here
			own.changesSchema = true
		}
		if _, err := pool.ExecContext(ctx, lock); err != nil {
			return err
		}
		return change(d, pool)
	})
}

// install puts a table's triggers there, unless they are, and on the tables below
// it that have none yet.
func (s triggerSet) install(ctx context.Context, d dialect, pool gorm.ConnPool) error {
	found, err := installedTriggers(ctx, d, pool, s.table)
	if err != nil {
		return err
	}
	if s.compare(found) == nil {
		return errors.Join(execAll(ctx, pool, s.shared), s.installBelow(ctx, pool))
	}
	var in schemas
	if d.name == postgres.name {
		if found, err = queryTriggers(ctx, pool, postgresSharing, quoteName(s.table)); err != nil {
			return err
		}
		if in, err = s.schemas(ctx, pool); err != nil {
			return err
		}
	}
	statements := d.dropsOf(found)
	for _, statement := range s.up {
		statements = append(statements, placed(statement, in))
	}
	if err := execAll(ctx, pool, statements); err != nil {
		return err
	}
	return s.installBelow(ctx, pool)
}

// postgresBelow are the tables below one that lack some of its triggers: foreign
// ones can have none.
const postgresBelow = `WITH RECURSIVE below AS (
		SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass($1)
		UNION SELECT i.inhrelid FROM pg_inherits i JOIN below b ON i.inhparent = b.inhrelid
	)
	SELECT coalesce(string_agg(inhrelid::regclass::text, E'\n'), '') FROM below JOIN pg_class c ON c.oid = inhrelid
	WHERE c.relkind IN ('r', 'p') AND $2 > (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = inhrelid AND t.tgparentid = 0
		AND t.tgfoid IN (SELECT o.tgfoid FROM pg_trigger o WHERE o.tgrelid = to_regclass($1) AND o.tgname LIKE 'timak\_%'))`

// installBelow puts triggers on the tables below the tracked one.
func (s triggerSet) installBelow(ctx context.Context, pool gorm.ConnPool) error {
	if len(s.below) == 0 {
		return nil
	}
	var below string
	if err := pool.QueryRowContext(ctx, postgresBelow, quoteName(s.table), len(s.names)).Scan(&below); err != nil {
		return err
	}
	for _, name := range strings.FieldsFunc(below, func(r rune) bool { return r == '\n' }) {
		for _, statement := range s.below {
			if _, err := pool.ExecContext(ctx, strings.Replace(statement, belowMark, name, 1)); err != nil {
				return fmt.Errorf("on %s: %w", name, err)
			}
		}
	}
	return nil
}

// schemas returns where timak's own tables and the tracked one are. The triggers
// read all of its rows, whoever writes them: they cannot be put there by a role
// that may not.
func (s triggerSet) schemas(ctx context.Context, pool gorm.ConnPool) (in schemas, err error) {
	const place = "(SELECT quote_ident(n.nspname) || '.' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(%s))"
	query := "SELECT " + fmt.Sprintf(place, "'timak_outbox'") + ", " + fmt.Sprintf(place, "$1") + ", row_security_active(to_regclass($1)), " +
		"has_table_privilege('timak_outbox', 'INSERT') AND has_sequence_privilege('timak_versions', 'UPDATE')"
	var hidden, may bool
	switch err := pool.QueryRowContext(ctx, query, quoteName(s.table)).Scan(&in.timak, &in.table, &hidden, &may); {
	case err != nil:
		return in, err
	case hidden:
		return in, errors.New("row-level security hides rows from this role: install them as the table's owner, without FORCE ROW LEVEL SECURITY, or as a role with BYPASSRLS")
	case !may:
		return in, errors.New("this role, whose rights they have, may not write timak_outbox and timak_versions: grant it INSERT and UPDATE, or install them as another")
	default:
		return in, nil
	}
}

func execAll(ctx context.Context, pool gorm.ConnPool, statements []string) error {
	for _, statement := range statements {
		if statement == "" {
			continue
		}
		if _, err := pool.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
