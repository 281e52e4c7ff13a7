package endtoend_test

import (
	"gorm.io/gorm"

	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

// theme is operations of a kind, with what is to be known of them.
type theme struct {
	name       string
	operations []world.Operation

	only   string           // the database that has them; "" for all
	raw    bool             // SQL that names a tracked table: Callbacks refuse it, or warn about it
	rawSQL timakgorm.RawSQL // with this option
	// cascade: foreign keys change the rows, and nobody can say which; Callbacks warn
	// about it.
	cascade bool
	restore string // SQL that makes again what an operation has dropped
	// unseen says why Callbacks do not see what changes, and do not know that
	// they do not.
	unseen string
	// unknowable says why Callbacks cannot know what changes, and refuse it.
	unknowable string
	breaks     bool // they may break the transaction they are in
	alone      bool // they are not for the inside of a transaction
	always     bool // they are tried in every mode
	// before and after use another plugin, before ours or after it.
	before, after func(*lab, *gorm.DB) error
}

// themes are all operations, in the order of docs/capture.md.
var themes = []theme{
	creates, mapCreates, createFailures, saves,
	updates, updatesFrom, keyExpressions, otherNames, onlyUpdates, otherPaths, beneathPosts, namedPosts, attachedPosts, views, deletes,
	upserts, conditionalUpserts, constraintUpserts, keyUpserts, mixedUpserts, upsertFailures, replaces, updateReplaces,
	associations, joinTables, keys, postgresKeys, sqliteKeys, fields, generics,
	transactions, connections, transactionFailures,
	optimistic, softDeletes, resolverAfter, resolverBefore,
	raw, rawPostgres, rawSQLite, rawWarned, explained, cascades, sqliteCascades, rawCascades, postgresCascades, sqliteRawCascades, droppedColumns, droppedTables, inside, postgresInside, sqliteInside, programs,
}
