package cascade_test

import (
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// Leaf refers to branches in the ways that foreign keys have: what a test calls
// leaves and branches is its own.
type Leaf struct {
	ID        uint
	Place     string
	CreatedAt time.Time

	_ timakgorm.Timeline `timak:"key=leaves; data=Place"`
}

// TableName implements schema.Tabler.
func (Leaf) TableName() string { return "leaves" }

// cascadeKind is foreign keys of a kind, with a statement that sets them off.
type cascadeKind struct {
	name   string
	only   string
	tables string
	run    func(db *gorm.DB) error
	told   string // empty: the leaves are followed
}

// gone deletes rows of a table that has no model.
func gone(table, where string) func(db *gorm.DB) error {
	return func(db *gorm.DB) error { return db.Table(table).Where(where).Delete(map[string]any{}).Error }
}

// set updates rows of a table that has no model.
func set(table, where, column string, value any) func(db *gorm.DB) error {
	return func(db *gorm.DB) error { return db.Table(table).Where(where).Update(column, value).Error }
}

// as deletes a branch as a role, which is not the one that has looked at the foreign
// keys before.
func as(role string) func(db *gorm.DB) error {
	return func(db *gorm.DB) error {
		return db.Transaction(func(tx *gorm.DB) error {
			for _, step := range []func(*gorm.DB) error{gone("branches", "id = 2"), world.Executed("SET LOCAL ROLE " + role), gone("branches", "id = 1")} {
				if err := step(tx); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func guardedLeaves(role, grant string) string {
	return `CREATE TABLE branches (id int PRIMARY KEY);
		CREATE TABLE twigs (id int PRIMARY KEY, branch_id int REFERENCES branches ON DELETE CASCADE);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, twig_id int REFERENCES twigs ON DELETE CASCADE, created_at timestamp);
		DO $$ BEGIN IF to_regrole('` + role + `') IS NULL THEN CREATE ROLE ` + role + `; END IF; END $$;
		` + grant + `;
		INSERT INTO branches VALUES (1); INSERT INTO twigs VALUES (1, 1); INSERT INTO leaves VALUES (1, 'p', 1, '2026-01-01')`
}

const leaves = `INSERT INTO leaves (id, place, created_at) `

var cascadeKinds = []cascadeKind{
	{name: "composite key", run: gone("branches", "a = 1 AND b = 'x'"), tables: `
		CREATE TABLE branches (a int, b text, PRIMARY KEY (a, b));
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, a int, b text, created_at timestamp, FOREIGN KEY (a, b) REFERENCES branches ON DELETE CASCADE);
		INSERT INTO branches VALUES (1, 'x'), (1, 'y'), (2, 'x');
		INSERT INTO leaves VALUES (1, 'p', 1, 'x', '2026-01-01'), (2, 'p', 1, 'y', '2026-01-01'), (3, 'p', 2, 'x', '2026-01-01'), (4, 'p', 1, NULL, '2026-01-01')`},
	{name: "composite key in another order, updated in part", run: set("branches", "a = 1 AND b = 'x'", "b", "z"), tables: `
		CREATE TABLE branches (a int, b text, UNIQUE (b, a));
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, a int, created_at timestamp, FOREIGN KEY (place, a) REFERENCES branches (b, a) ON UPDATE CASCADE);
		INSERT INTO branches VALUES (1, 'x'), (1, 'y'), (2, 'x');
		INSERT INTO leaves VALUES (1, 'x', 1, '2026-01-01'), (2, 'y', 1, '2026-01-01'), (3, 'x', 2, '2026-01-01')`},
	{name: "set null", run: gone("branches", "code = 'p'"), tables: `
		CREATE TABLE branches (code text PRIMARY KEY);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text REFERENCES branches ON DELETE SET NULL, created_at timestamp);
		INSERT INTO branches VALUES ('p'), ('q');
		INSERT INTO leaves VALUES (1, 'p', '2026-01-01'), (2, 'q', '2026-01-01')`},
	{name: "set default on update", run: set("branches", "code = 'p'", "code", "z"), tables: `
		CREATE TABLE branches (code text PRIMARY KEY);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text DEFAULT 'q' REFERENCES branches ON UPDATE SET DEFAULT, created_at timestamp);
		INSERT INTO branches VALUES ('p'), ('q');
		INSERT INTO leaves VALUES (1, 'p', '2026-01-01'), (2, 'q', '2026-01-01')`},
	{name: "a column that no rule names", run: gone("branches", "id = 1"), tables: `
		CREATE TABLE branches (id int PRIMARY KEY);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, branch_id int REFERENCES branches ON DELETE SET NULL, created_at timestamp);
		INSERT INTO branches VALUES (1); INSERT INTO leaves VALUES (1, 'p', 1, '2026-01-01')`},
	{name: "a column from which another is computed", run: gone("branches", "code = 'p'"), tables: `
		CREATE TABLE branches (code text PRIMARY KEY);
		CREATE TABLE leaves (id bigint PRIMARY KEY, code text REFERENCES branches ON DELETE SET NULL,
			place text GENERATED ALWAYS AS (coalesce(code, 'none')) STORED, created_at timestamp);
		INSERT INTO branches VALUES ('p'); INSERT INTO leaves (id, code, created_at) VALUES (1, 'p', '2026-01-01')`},
	{name: "a cycle", run: gone("branches", "id = 1"), tables: `
		CREATE TABLE branches (id int PRIMARY KEY);
		CREATE TABLE twigs (id int PRIMARY KEY, branch_id int REFERENCES branches ON DELETE CASCADE);
		CREATE TABLE boughs (id int PRIMARY KEY, twig_id int REFERENCES twigs ON DELETE CASCADE, trunk_id int REFERENCES boughs ON DELETE CASCADE);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, bough_id int REFERENCES boughs ON DELETE CASCADE, created_at timestamp);
		INSERT INTO branches VALUES (1), (2); INSERT INTO twigs VALUES (1, 1), (2, 2);
		INSERT INTO boughs VALUES (1, 1, NULL), (2, NULL, 1), (3, NULL, 2), (4, 2, NULL), (5, NULL, 4);
		UPDATE boughs SET trunk_id = 3 WHERE id = 1;
		INSERT INTO leaves VALUES (1, 'p', 1, '2026-01-01'), (2, 'p', 3, '2026-01-01'), (3, 'p', 5, '2026-01-01')`},
	{name: "two ways to one row", run: gone("branches", "id = 1"), tables: `
		CREATE TABLE branches (id int PRIMARY KEY);
		CREATE TABLE left_twigs (id int PRIMARY KEY, branch_id int REFERENCES branches ON DELETE CASCADE);
		CREATE TABLE right_twigs (id int PRIMARY KEY, branch_id int REFERENCES branches ON DELETE CASCADE);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, l int REFERENCES left_twigs ON DELETE CASCADE, r int REFERENCES right_twigs ON DELETE CASCADE, created_at timestamp);
		INSERT INTO branches VALUES (1), (2); INSERT INTO left_twigs VALUES (1, 1), (2, 2); INSERT INTO right_twigs VALUES (1, 1), (2, 2);
		INSERT INTO leaves VALUES (1, 'p', 1, 1, '2026-01-01'), (2, 'p', 1, 2, '2026-01-01'), (3, 'p', 2, 1, '2026-01-01'), (4, 'p', 2, 2, '2026-01-01')`},
	{name: "a way that an update goes on from a delete", run: gone("branches", "code = 'p'"), tables: `
		CREATE TABLE branches (code text PRIMARY KEY);
		CREATE TABLE twigs (id int PRIMARY KEY, code text UNIQUE DEFAULT 'q' REFERENCES branches ON DELETE SET DEFAULT);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text REFERENCES twigs (code) ON UPDATE CASCADE, created_at timestamp);
		INSERT INTO branches VALUES ('p'), ('q'); INSERT INTO twigs VALUES (1, 'p');
		INSERT INTO leaves VALUES (1, 'p', '2026-01-01')`},
	{name: "a primary key that follows", told: "changes the primary key", run: set("branches", "id = 1", "id", 9), tables: `
		CREATE TABLE branches (id bigint PRIMARY KEY);
		CREATE TABLE leaves (id bigint PRIMARY KEY REFERENCES branches ON UPDATE CASCADE ON DELETE CASCADE, place text, created_at timestamp);
		INSERT INTO branches VALUES (1); INSERT INTO leaves VALUES (1, 'p', '2026-01-01')`},
	{name: "a primary key that goes", run: gone("branches", "id = 1"), tables: `
		CREATE TABLE branches (id bigint PRIMARY KEY);
		CREATE TABLE leaves (id bigint PRIMARY KEY REFERENCES branches ON UPDATE CASCADE ON DELETE CASCADE, place text, created_at timestamp);
		INSERT INTO branches VALUES (1); INSERT INTO leaves VALUES (1, 'p', '2026-01-01')`},
	{name: "many rows", run: gone("branches", "id <= 2"), tables: `
		CREATE TABLE branches (id int PRIMARY KEY);
		CREATE TABLE twigs (id int PRIMARY KEY, branch_id int REFERENCES branches ON DELETE CASCADE);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, twig_id int REFERENCES twigs ON DELETE CASCADE, created_at timestamp);
		CREATE INDEX leaves_twig ON leaves (twig_id); CREATE INDEX twigs_branch ON twigs (branch_id);
		INSERT INTO branches VALUES (1), (2), (3);
		INSERT INTO twigs WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) SELECT i, i % 3 + 1 FROM n;
		` + leaves + `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i, 'p', '2026-01-01' FROM n;
		UPDATE leaves SET twig_id = id * 6`},

	{name: "keys of other types", run: gone("branches", "id = 1"), only: "postgres", tables: `
		CREATE TABLE branches (id bigint PRIMARY KEY, u uuid UNIQUE, b bytea UNIQUE, t timestamptz UNIQUE, f double precision UNIQUE, c char(4) UNIQUE, x text COLLATE "C" UNIQUE, e int[] UNIQUE);
		CREATE TABLE ones (id int PRIMARY KEY, u uuid UNIQUE REFERENCES branches (u) ON DELETE CASCADE, b bytea);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, u uuid REFERENCES branches (u) ON DELETE CASCADE, b bytea REFERENCES branches (b) ON DELETE CASCADE,
			t timestamp REFERENCES branches (t) ON DELETE CASCADE, f real REFERENCES branches (f) ON DELETE CASCADE, c varchar REFERENCES branches (c) ON DELETE CASCADE,
			x text COLLATE "POSIX" REFERENCES branches (x) ON DELETE CASCADE, e int[] REFERENCES branches (e) ON DELETE CASCADE, created_at timestamp);
		INSERT INTO branches VALUES (1, '00000000-0000-0000-0000-000000000001', '\x00ff', '2026-01-01 10:00+00', 0.5, 'ab', 'é"\', '{1,2}'),
			(2, '00000000-0000-0000-0000-000000000002', '\x01', '2026-01-02', 1.5, 'cd', 'z', '{3}');
		INSERT INTO leaves (id, created_at, u) VALUES (1, '2026-01-01', '00000000-0000-0000-0000-000000000001');
		INSERT INTO leaves (id, created_at, b) VALUES (2, '2026-01-01', '\x00ff');
		INSERT INTO leaves (id, created_at, f) VALUES (3, '2026-01-01', 0.5);
		INSERT INTO leaves (id, created_at, c) VALUES (4, '2026-01-01', 'ab');
		INSERT INTO leaves (id, created_at, x) VALUES (5, '2026-01-01', 'é"\');
		INSERT INTO leaves (id, created_at, e) VALUES (6, '2026-01-01', '{1,2}');
		INSERT INTO leaves (id, created_at, e) VALUES (7, '2026-01-01', '{3}')`},
	{name: "texts in a collation of their own", only: "postgres", run: gone("branches", "x = 'ab'"), tables: `
		CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE TABLE branches (x text COLLATE nocase PRIMARY KEY);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text COLLATE nocase REFERENCES branches ON DELETE CASCADE, created_at timestamp);
		INSERT INTO branches VALUES ('AB'), ('z'); INSERT INTO leaves VALUES (1, 'Ab', '2026-01-01'), (2, 'z', '2026-01-01')`},
	{name: "deferred", only: "postgres", run: gone("branches", "id = 1"), tables: `
		CREATE TABLE branches (id int PRIMARY KEY);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, branch_id int REFERENCES branches ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, created_at timestamp);
		INSERT INTO branches VALUES (1); INSERT INTO leaves VALUES (1, 'p', 1, '2026-01-01')`},
	{name: "some columns set to null", only: "postgres", run: gone("branches", "a = 1"), tables: `
		CREATE TABLE branches (a int, b text, PRIMARY KEY (a, b));
		CREATE TABLE leaves (id bigint PRIMARY KEY, a int, place text, created_at timestamp, FOREIGN KEY (a, place) REFERENCES branches ON DELETE SET NULL (place));
		INSERT INTO branches VALUES (1, 'x'); INSERT INTO leaves VALUES (1, 1, 'x', '2026-01-01')`},
	{name: "from another schema", only: "postgres", run: gone("far.branches", "id = 1"), tables: `
		CREATE SCHEMA far; CREATE TABLE far.branches (id int PRIMARY KEY); CREATE TABLE branches (id int PRIMARY KEY);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, branch_id int REFERENCES far.branches ON DELETE CASCADE, created_at timestamp);
		INSERT INTO far.branches VALUES (1); INSERT INTO leaves VALUES (1, 'p', 1, '2026-01-01')`},
	{name: "of another table of that name", only: "postgres", run: gone("branches", "id = 1"), tables: `
		CREATE SCHEMA far; CREATE TABLE far.branches (id int PRIMARY KEY); CREATE TABLE branches (id int PRIMARY KEY);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, branch_id int REFERENCES far.branches ON DELETE CASCADE, created_at timestamp);
		INSERT INTO far.branches VALUES (1); INSERT INTO branches VALUES (1); INSERT INTO leaves VALUES (1, 'p', 1, '2026-01-01')`},
	{name: "SQL on another table of that name", only: "postgres", run: world.Executed("DELETE FROM branches"), tables: `
		CREATE SCHEMA far; CREATE TABLE far.branches (id int PRIMARY KEY); CREATE TABLE branches (id int PRIMARY KEY);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, branch_id int REFERENCES far.branches ON DELETE CASCADE, created_at timestamp);
		INSERT INTO far.branches VALUES (1); INSERT INTO branches VALUES (1); INSERT INTO leaves VALUES (1, 'p', 1, '2026-01-01')`},
	{name: "partitioned tables", only: "postgres", run: gone("branches", "id IN (1, 11)"), tables: partitionedBranches},
	{name: "a partition of the parent", only: "postgres", run: gone("low_branches", "id = 1"), tables: partitionedBranches},
	{name: "SQL on a partition of the parent", only: "postgres", told: "raw SQL does not say", run: world.Executed("DELETE FROM low_branches WHERE id = 1"), tables: partitionedBranches},
	{name: "a key of a partition", only: "postgres", told: "refers to a part of branches", run: gone("branches", "id = 1"), tables: `
		CREATE TABLE branches (id int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
		CREATE TABLE low_branches PARTITION OF branches FOR VALUES FROM (0) TO (10);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, branch_id int REFERENCES low_branches ON DELETE CASCADE, created_at timestamp);
		INSERT INTO branches VALUES (1); INSERT INTO leaves VALUES (1, 'p', 1, '2026-01-01')`},
	{name: "leaves that inherit", only: "postgres", run: gone("branches", "id = 1"), tables: `
		CREATE TABLE branches (id int PRIMARY KEY);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, created_at timestamp);
		CREATE TABLE green_leaves (branch_id int REFERENCES branches ON DELETE CASCADE) INHERITS (leaves);
		INSERT INTO branches VALUES (1); INSERT INTO leaves VALUES (1, 'p', '2026-01-01'); INSERT INTO green_leaves VALUES (2, 'p', '2026-01-01', 1)`},
	{name: "a table that leaves inherit from", only: "postgres", told: "part of the table that is written", run: gone("plants", "id = 1"), tables: plantLeaves},
	{name: "SQL on a table that leaves inherit from", only: "postgres", told: "part of the table that is written", run: world.Executed("UPDATE plants SET place = 'z'"), tables: plantLeaves},
	{name: "drop of a table that leaves inherit from", only: "postgres", told: "part of the table that is written", run: world.Executed("DROP TABLE plants CASCADE; CREATE TABLE leaves (id bigint, place text, created_at timestamp)"), tables: plantLeaves},
	{name: "drop of the schema", only: "postgres", told: "go with the schema", run: world.Executed(`DROP SCHEMA IF EXISTS "garden" CASCADE;
		CREATE TABLE leaves (id bigint, place text, created_at timestamp)`), tables: `CREATE SCHEMA garden; CREATE TABLE garden.leaves (id bigint PRIMARY KEY, place text, created_at timestamp);
		DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, garden', current_database()); END $$;
		INSERT INTO garden.leaves VALUES (1, 'p', '2026-01-01')`},
	{
		name: "rows that this role may not lock", only: "postgres", told: "may not see and lock all rows of branches", run: as("branches_reader"),
		tables: guardedLeaves("branches_reader", "GRANT SELECT, DELETE ON branches TO branches_reader"),
	},
	{
		name: "rows that this role may not see", only: "postgres", told: "may not see and lock all rows of twigs", run: as("twigs_nobody"),
		tables: guardedLeaves("twigs_nobody", "GRANT ALL ON branches, leaves TO twigs_nobody"),
	},
	{
		name: "rows that this role sees some of", only: "postgres", told: "may not see and lock all rows of twigs", run: as("twigs_some"),
		tables: guardedLeaves("twigs_some", "GRANT ALL ON branches, twigs, leaves TO twigs_some; ALTER TABLE twigs ENABLE ROW LEVEL SECURITY"),
	},

	{name: "keys of SQLite's", only: "sqlite", run: gone("branches", "n = 1"), tables: `
		CREATE TABLE branches (n int PRIMARY KEY, b UNIQUE, x text COLLATE NOCASE UNIQUE, t datetime UNIQUE, f real UNIQUE, w text UNIQUE);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, b REFERENCES branches (b) ON DELETE CASCADE, x text REFERENCES branches (x) ON DELETE CASCADE,
			t datetime REFERENCES branches (t) ON DELETE CASCADE, f real REFERENCES branches (f) ON DELETE CASCADE, w int REFERENCES branches (w) ON DELETE CASCADE, created_at timestamp);
		INSERT INTO branches VALUES (1, x'00ff', 'AB', '2026-01-01 00:00:00', 0.1, '7'), (2, x'01', 'z', '2026-01-02', 0.2, '8');
		INSERT INTO leaves (id, created_at, b) VALUES (1, '2026-01-01', x'00ff');
		INSERT INTO leaves (id, created_at, x) VALUES (2, '2026-01-01', 'ab');
		INSERT INTO leaves (id, created_at, t) VALUES (3, '2026-01-01', '2026-01-01 00:00:00');
		INSERT INTO leaves (id, created_at, f) VALUES (4, '2026-01-01', 0.1);
		INSERT INTO leaves (id, created_at, w) VALUES (5, '2026-01-01', 7);
		INSERT INTO leaves (id, created_at, w) VALUES (6, '2026-01-01', 8)`},
	{name: "tables without row numbers", only: "sqlite", run: gone("branches", "code = 'a'"), tables: `
		CREATE TABLE branches (code text PRIMARY KEY) WITHOUT ROWID;
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text REFERENCES branches ON DELETE CASCADE, created_at timestamp) WITHOUT ROWID;
		INSERT INTO branches VALUES ('a'), ('b'); INSERT INTO leaves VALUES (1, 'a', '2026-01-01'), (2, 'b', '2026-01-01')`},
	{name: "a definition that replaces rows", only: "sqlite", run: func(db *gorm.DB) error {
		return db.Table("branches").Create(map[string]any{"id": 7, "code": "a"}).Error
	}, tables: replacingBranches},
	{name: "SQL where a definition replaces rows", only: "sqlite", told: "raw SQL does not say", run: world.Executed("INSERT INTO branches VALUES (7, 'a')"), tables: replacingBranches},
	{name: "rows in the way of bytes", only: "sqlite", told: "cannot be found", run: func(db *gorm.DB) error {
		return db.Table("branches").Create(map[string]any{"id": 7, "code": []byte("x")}).Error
	}, tables: strings.ReplaceAll(replacingBranches, "'a'", "x'78'")},
	{name: "names in another case", only: "sqlite", run: gone("BRANCHES", "id = 1"), tables: `
		CREATE TABLE Branches (id int PRIMARY KEY);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, branch_id int REFERENCES bRANCHES ON DELETE CASCADE, created_at timestamp);
		INSERT INTO branches VALUES (1); INSERT INTO leaves VALUES (1, 'p', 1, '2026-01-01')`},
}

const (
	partitionedBranches = `
		CREATE TABLE branches (id int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
		CREATE TABLE low_branches PARTITION OF branches FOR VALUES FROM (0) TO (10);
		CREATE TABLE high_branches PARTITION OF branches FOR VALUES FROM (10) TO (20);
		CREATE TABLE leaves (id bigint, place text, branch_id int REFERENCES branches ON DELETE CASCADE, created_at timestamp, PRIMARY KEY (id)) PARTITION BY HASH (id);
		CREATE TABLE leaves_0 PARTITION OF leaves FOR VALUES WITH (MODULUS 2, REMAINDER 0);
		CREATE TABLE leaves_1 PARTITION OF leaves FOR VALUES WITH (MODULUS 2, REMAINDER 1);
		INSERT INTO branches VALUES (1), (2), (11), (12);
		INSERT INTO leaves VALUES (1, 'p', 1, '2026-01-01'), (2, 'p', 1, '2026-01-01'), (3, 'p', 2, '2026-01-01'), (4, 'p', 11, '2026-01-01'), (5, 'p', 12, '2026-01-01')`
	plantLeaves = `
		CREATE TABLE plants (id bigint PRIMARY KEY, place text);
		CREATE TABLE leaves (created_at timestamp, PRIMARY KEY (id)) INHERITS (plants);
		INSERT INTO leaves VALUES (1, 'p', '2026-01-01')`
	replacingBranches = `
		CREATE TABLE branches (id int PRIMARY KEY, code UNIQUE ON CONFLICT REPLACE);
		CREATE TABLE leaves (id bigint PRIMARY KEY, place text, branch_id int REFERENCES branches ON DELETE CASCADE, created_at timestamp);
		INSERT INTO branches VALUES (1, 'a'), (2, 'b'); INSERT INTO leaves VALUES (1, 'p', 1, '2026-01-01'), (2, 'p', 2, '2026-01-01')`
)

// TestCascades_kinds: foreign keys of every kind are followed, or the log says why
// they are not.
func TestCascades_kinds(t *testing.T) {
	t.Parallel()
	world.OnBoth(t, func(t *testing.T, dialect string) {
		for _, kind := range cascadeKinds {
			if kind.only != "" && kind.only != dialect {
				continue
			}
			t.Run(kind.name, func(t *testing.T) {
				t.Parallel()
				w, log := world.CascadeWorld(t, dialect, world.Enforced, []string{kind.tables}, &Leaf{})
				w.Must(kind.run(w.DB))
				if kind.told == "" {
					checkCascade(w, log)
					return
				}
				checkCascade(w, log, "leaves")
				if !strings.Contains(log.String(), kind.told) {
					t.Errorf("want %q in the log:\n%s", kind.told, log)
				}
			})
		}
	})
}
