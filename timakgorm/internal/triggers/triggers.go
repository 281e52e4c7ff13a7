package triggers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm/internal/dialect"
	"github.com/timak-go/timak/timakgorm/internal/outbox"
	"github.com/timak-go/timak/timakgorm/internal/session"
	"github.com/timak-go/timak/timakgorm/internal/sqltext"
)

// Install creates the triggers of all tracked tables in a database, in one
// transaction, in place of outdated ones. It returns model.ErrColumns for a table
// whose columns do not fit its model.
func (w *Watch) Install(ctx context.Context, db *gorm.DB) error {
	d, err := dialect.Of(db.Name())
	if err != nil {
		return err
	}
	sets, err := w.sets(d, db)
	if err != nil {
		return err
	}
	defer w.sessions.Schema.Change()()
	var unfit error // names the package itself
	err = changeTriggers(ctx, d, db, func(pool gorm.ConnPool) error {
		for _, set := range sets {
			if unfit = dialect.CheckColumns(ctx, d, pool, set.model, sqltext.QuoteName(set.table)); unfit != nil {
				return unfit
			}
			if unfit = set.checkGenerated(ctx, pool); unfit != nil {
				return unfit
			}
			if err := set.install(ctx, d, pool); err != nil {
				return fmt.Errorf("triggers of %s: %w", set.table, err)
			}
		}
		return dropDraws(ctx, d, pool)
	})
	if unfit != nil {
		return unfit
	}
	if err != nil {
		return fmt.Errorf("timakgorm: install triggers (did timakgorm.Migrate run?): %w", err)
	}
	return nil
}

// Drop drops all of timak's triggers in a database, also those of tables that are no
// longer tracked, and on SQLite what only triggers need.
func (w *Watch) Drop(ctx context.Context, db *gorm.DB) error {
	d, err := dialect.Of(db.Name())
	if err != nil {
		return err
	}
	defer w.sessions.Schema.Change()()
	err = changeTriggers(ctx, d, db, func(pool gorm.ConnPool) error {
		found, err := installedTriggers(ctx, d, pool, "")
		if err != nil {
			return err
		}
		statements := dropsOf(d, found)
		if d.Name == dialect.SQLite.Name {
			statements = append(statements, sqliteTablesDown...)
		}
		return dialect.ExecAll(ctx, pool, statements)
	})
	if err != nil {
		return fmt.Errorf("timakgorm: drop triggers: %w", err)
	}
	return nil
}

// UpSQL returns the SQL that Install runs on an empty database of the dialect name. db
// says what tables and columns are called.
func (w *Watch) UpSQL(name string, db *gorm.DB) (string, error) {
	return w.script(name, db, func(s triggerSet) []string { return s.up })
}

// DownSQL returns the SQL that undoes UpSQL.
func (w *Watch) DownSQL(name string, db *gorm.DB) (string, error) {
	return w.script(name, db, func(s triggerSet) []string { return s.down })
}

func (w *Watch) script(name string, db *gorm.DB, pick func(triggerSet) []string) (string, error) {
	d, err := dialect.Of(name)
	if err != nil {
		return "", err
	}
	sets, err := w.sets(d, db)
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

// sets returns the triggers that all tracked tables should have, sorted by table. db
// says what tables and columns are called.
func (w *Watch) sets(d dialect.Dialect, db *gorm.DB) ([]triggerSet, error) {
	models, err := w.opts.Models(db)
	if err != nil {
		return nil, err
	}
	sets, trades := make([]triggerSet, 0, len(models)), tradePlaces(models)
	for _, m := range models {
		set, err := triggersOf(d, m, trades)
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	slices.SortFunc(sets, func(a, b triggerSet) int { return strings.Compare(a.table, b.table) })
	return sets, nil
}

// triggersLock is the number of the advisory lock under which Postgres' triggers are
// changed.
const triggersLock = outbox.AdvisoryLock + 1

// changeTriggers calls change in a transaction, of which only one runs at a time.
func changeTriggers(ctx context.Context, d dialect.Dialect, db *gorm.DB, change func(gorm.ConnPool) error) error {
	lock := fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", triggersLock)
	if d.Name == dialect.SQLite.Name {
		lock = "UPDATE timak_clock SET high = high" // takes the write lock at once: SQLite may not let a read lock become one
	}
	return db.Session(&gorm.Session{NewDB: true, Context: ctx}).Transaction(func(tx *gorm.DB) error {
		pool := tx.Statement.ConnPool
		if own := session.TransactionOf(pool); own != nil { // db may be a transaction, which goes on
			own.ChangesSchema = true
		}
		if _, err := pool.ExecContext(ctx, lock); err != nil {
			return err
		}
		return change(pool)
	})
}

// install creates a table's triggers unless they are there, and those of the tables
// below it that lack some.
func (s triggerSet) install(ctx context.Context, d dialect.Dialect, pool gorm.ConnPool) error {
	found, err := installedTriggers(ctx, d, pool, s.table)
	if err != nil {
		return err
	}
	if s.compare(found) == nil {
		return errors.Join(dialect.ExecAll(ctx, pool, s.shared), s.installBelow(ctx, pool))
	}
	var in schemas
	if d.Name == dialect.Postgres.Name {
		if found, err = queryTriggers(ctx, pool, postgresSharing, sqltext.QuoteName(s.table)); err != nil {
			return err
		}
		if in, err = s.schemas(ctx, pool); err != nil {
			return err
		}
	}
	statements := dropsOf(d, found)
	for _, statement := range s.up {
		statements = append(statements, placed(statement, in))
	}
	if err := dialect.ExecAll(ctx, pool, statements); err != nil {
		return err
	}
	return s.installBelow(ctx, pool)
}

// postgresBelow asks for the tables below a table that lack some of its triggers.
// Foreign tables are left out, as they cannot have any.
const postgresBelow = `WITH RECURSIVE below AS (
		SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass($1)
		UNION SELECT i.inhrelid FROM pg_inherits i JOIN below b ON i.inhparent = b.inhrelid
	)
	SELECT coalesce(string_agg(inhrelid::regclass::text, E'\n'), '') FROM below JOIN pg_class c ON c.oid = inhrelid
	WHERE c.relkind IN ('r', 'p') AND $2 > (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = inhrelid AND t.tgparentid = 0
		AND t.tgfoid IN (SELECT o.tgfoid FROM pg_trigger o WHERE o.tgrelid = to_regclass($1) AND o.tgname LIKE 'timak\_%'))`

// installBelow creates triggers on the tables below the tracked one.
func (s triggerSet) installBelow(ctx context.Context, pool gorm.ConnPool) error {
	if len(s.below) == 0 {
		return nil
	}
	var below string
	if err := pool.QueryRowContext(ctx, postgresBelow, sqltext.QuoteName(s.table), len(s.names)).Scan(&below); err != nil {
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

// schemas returns the schemas of timak's own tables and of the tracked one. It returns
// an error if the role that installs the triggers lacks the rights they need: they
// read all rows of the table, and write the outbox, whichever role writes the table.
func (s triggerSet) schemas(ctx context.Context, pool gorm.ConnPool) (in schemas, err error) {
	const place = "(SELECT quote_ident(n.nspname) || '.' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(%s))"
	query := "SELECT " + fmt.Sprintf(place, "'timak_outbox'") + ", " + fmt.Sprintf(place, "$1") + ", row_security_active(to_regclass($1)), " +
		"has_table_privilege('timak_outbox', 'INSERT') AND has_sequence_privilege('timak_versions', 'UPDATE') AND has_sequence_privilege('timak_versions', 'USAGE, SELECT')"
	var hidden, may bool
	switch err := pool.QueryRowContext(ctx, query, sqltext.QuoteName(s.table)).Scan(&in.timak, &in.table, &hidden, &may); {
	case err != nil:
		return in, err
	case hidden:
		return in, errors.New("row-level security hides rows from this role: install the triggers as the table's owner, without FORCE ROW LEVEL SECURITY, or as a role with BYPASSRLS")
	case !may:
		return in, errors.New("the triggers would have the rights of this role, which may not write timak_outbox or draw from timak_versions: grant it INSERT on the one, USAGE and UPDATE on the other, or install them as another role")
	default:
		return in, nil
	}
}
