package endtoend_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/glebarez/sqlite"
	"github.com/google/uuid"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/plugin/optimisticlock"

	"github.com/timak-go/timak/timak"
	"github.com/timak-go/timak/timak/memstore"
	"github.com/timak-go/timak/timakgorm"
	"github.com/timak-go/timak/timakgorm/internal/world"
)

var trackedTables = []world.TrackedTable{
	world.PostTable,
	{Name: "remarks", Model: &world.Remark{}, Read: world.RowsOf[world.Remark]},
	{Name: "seats", Model: &world.Seat{}, Read: world.RowsOf[world.Seat]},
	{Name: "parcels", Model: &Parcel{}, Read: world.RowsOf[Parcel]},
	{Name: "vouchers", Model: &Voucher{}, Read: world.RowsOf[Voucher]},
	{Name: "leaflets", Model: &world.Leaflet{}, Read: world.RowsOf[world.Leaflet]},
	{Name: "listings", Model: &world.Listing{}, Read: world.RowsOf[world.Listing]},
	{Name: "gadgets", Model: &world.Gadget{}, Read: world.RowsOf[world.Gadget]},
	{Name: "surveys", Model: &Survey{}, Read: world.RowsOf[Survey]},
	{Name: "toys", Model: &Toy{}, Read: world.RowsOf[Toy]},
	{Name: "enrolments", Model: &Enrolment{}, Read: world.RowsOf[Enrolment]},
	{Name: "course_topics", Model: &CourseTopic{}, Read: world.RowsOf[CourseTopic]},
	{Name: "contracts", Model: &Contract{}, Read: world.RowsOf[Contract]},
	{Name: "banners", Model: &Banner{}, Read: world.RowsOf[Banner]},
	{Name: "posters", Model: &Poster{}, Read: world.RowsOf[Poster]},
	{Name: "files", Model: &File{}, Read: world.RowsOf[File]},
	{Name: "signs", Model: &Sign{}, Read: world.RowsOf[Sign]},
	{Name: "prices", Model: &Price{}, Read: world.RowsOf[Price]},
	{Name: "memos", Model: &Memo{}, Read: world.RowsOf[Memo]},
	{Name: "spots", Model: &world.Spot{}, Read: world.RowsOf[world.Spot]},
	{Name: "pins", Model: &world.Pin{}, Read: world.RowsOf[world.Pin]},
}

// otherTables are of models that are not tracked, in an order in which they can
// be emptied.
var otherTables = []string{"ballots", "folders", "drawers", "courses", "students", "topics", "cats", "dogs", "authors", "zones", "realms", "empires"}

// lab is a database with all the models of these tests, in which operations are
// tried one after another. Between them it is written through a connection
// without any plugin.
type lab struct {
	testing.TB

	dialect string
	way     way
	pool    *sql.DB
	replica *sql.DB // the same database, for reading only
	plain   *gorm.DB
	seeds   []seed                   // in an order in which tables can be filled
	changed string                   // selects the tables that are not as the seed
	dump    string                   // what the tables hold at first
	seeded  map[string][]world.Shown // what the timelines hold at first
}

func newLab(t testing.TB, dialect string, by way) *lab {
	t.Helper()
	l := &lab{TB: t, dialect: dialect, way: by}
	dsn, readOnly := world.NewDSN(t, dialect), ""
	switch {
	case dialect == "sqlite":
		dsn += "&_pragma=foreign_keys(1)"
		readOnly = dsn + "&_pragma=query_only(1)"
	case strings.Contains(dsn, "://"):
		readOnly = dsn + "&default_transaction_read_only=on"
	default:
		readOnly = dsn + " default_transaction_read_only=on"
	}
	var err error
	l.plain = world.OpenDSN(t, dialect, dsn, nil)
	l.pool, err = l.plain.DB()
	l.must(err)
	l.replica, err = world.OpenDSN(t, dialect, readOnly, nil).DB()
	l.must(err)
	l.migrate()
	l.seed()
	l.reset()
	l.dump = l.content()
	l.seeded, err = world.Wanted(l.plain, trackedTables)
	l.must(err)
	return l
}

func (l *lab) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func (l *lab) migrate() {
	l.Helper()
	if l.dialect == "sqlite" {
		l.must(l.plain.Exec(sqliteVouchers).Error)
	}
	models := []any{&world.Author{}, &Cat{}, &Dog{}, &Student{}, &Topic{}, &Ballot{}}
	for _, t := range trackedTables {
		if _, made := t.Model.(*Voucher); (!made || l.dialect != "sqlite") && !slices.ContainsFunc(families, func(family []string) bool { return slices.Contains(family, t.Name) }) {
			models = append(models, t.Model)
		}
	}
	l.must(l.plain.AutoMigrate(models...))
	l.must(l.plain.SetupJoinTable(&Course{}, "Students", &Enrolment{}))
	l.must(l.plain.AutoMigrate(&Course{}))
	constrained := l.plain.Session(&gorm.Session{})
	constrained.DisableForeignKeyConstraintWhenMigrating = false
	l.must(constrained.AutoMigrate(&Folder{}, &Drawer{}, &File{}))
	l.must(l.plain.Exec(world.Atlas).Error)
	l.must(l.plain.Exec(databaseTriggers[l.dialect]).Error)
	l.must(l.plain.Exec("CREATE UNIQUE INDEX listings_solo ON listings (title) WHERE title = 'solo'").Error)
	l.must(timakgorm.Migrate(l.Context(), l.plain))
	if l.way.prepare != nil {
		l.must(l.way.prepare(l))
	}
	if l.dialect == "sqlite" {
		l.must(l.plain.Exec(lateTriggers).Error)
	}
}

// seed fills the tables, and keeps what they are to be reset to.
func (l *lab) seed() {
	l.Helper()
	names := slices.Clone(otherTables)
	for _, t := range trackedTables {
		names = append([]string{t.Name}, names...)
	}
	for _, rows := range seedRows() {
		l.must(l.plain.Create(rows).Error)
	}
	var changed []string
	for _, name := range slices.Backward(names) { // what is referred to first
		l.must(l.plain.Exec("CREATE TABLE seed_" + name + " AS SELECT * FROM " + name).Error)
		columns := strings.Join(l.columnsOf(name), ", ")
		l.seeds = append(l.seeds, seed{name, fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM seed_%s;\n", name, columns, columns, name)})
		changed = append(changed, fmt.Sprintf(`SELECT '%[1]s' WHERE EXISTS (SELECT %[2]s FROM %[1]s EXCEPT SELECT %[2]s FROM seed_%[1]s)
			OR (SELECT count(*) FROM %[1]s) <> (SELECT count(*) FROM seed_%[1]s)`, name, columns))
	}
	l.changed = strings.Join(changed, " UNION ALL ")
	if l.dialect == "sqlite" {
		l.must(l.plain.Exec("CREATE TABLE seed_sequence AS SELECT * FROM sqlite_sequence WHERE name NOT LIKE 'timak%'").Error)
	}
}

// seed is a table, and the SQL that fills it.
type seed struct{ table, fill string }

// families are tables that refer to one another.
var families = [][]string{{"files", "folders", "drawers"}, {"pins", "spots", "zones", "realms", "empires"}}

// resetSQL puts tables back to the rows of the seed.
func (l *lab) resetSQL(changed []string) string {
	for _, family := range families {
		if slices.ContainsFunc(changed, func(name string) bool { return slices.Contains(family, name) }) {
			changed = append(changed, family...)
		}
	}
	var clear, fill string
	for _, s := range l.seeds {
		if slices.Contains(changed, s.table) {
			clear = "DELETE FROM " + s.table + ";\n" + clear
			fill += s.fill
		}
	}
	sequences := `SELECT setval(s.oid, 100) FROM pg_class s WHERE s.relkind = 'S' AND s.relname NOT LIKE 'timak%'`
	if l.dialect == "sqlite" {
		sequences = "DELETE FROM sqlite_sequence WHERE name NOT LIKE 'timak%';\nINSERT INTO sqlite_sequence SELECT * FROM seed_sequence"
	}
	return clear + fill + "DELETE FROM timak_outbox;\nDELETE FROM timak_dead;\n" + sequences
}

// columnsOf returns the columns of a table that can be written.
func (l *lab) columnsOf(table string) []string {
	l.Helper()
	rows, err := l.plain.Table(table).Limit(0).Rows()
	l.must(err)
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	l.must(errors.Join(err, rows.Err()))
	return slices.DeleteFunc(names, func(name string) bool { return table == "prices" && name == "band" })
}

// reset puts the tables back to the rows of the seed.
func (l *lab) reset() {
	l.Helper()
	var changed []string
	l.must(l.plain.Raw(l.changed).Scan(&changed).Error)
	l.must(l.plain.Transaction(func(tx *gorm.DB) error { return tx.Exec(l.resetSQL(changed)).Error }))
}

// parcelID returns the UUID of a parcel.
func parcelID(i byte) uuid.UUID { return uuid.UUID{15: i} }

// seedRows are what every operation starts from.
func seedRows() []any {
	posts := make([]world.Post, 5)
	for i := range posts {
		posts[i] = world.Post{ID: uint(i + 10), AuthorID: uint(i%2 + 1), Title: fmt.Sprint("t", i), Published: i != 3, CreatedAt: world.At(i), UpdatedAt: world.At(i)}
	}
	posts[4].DeletedAt = gorm.DeletedAt{Time: world.At(5), Valid: true}
	return []any{
		&[]world.Author{{ID: 1, Name: "ann"}, {ID: 2, Name: "bob"}},
		&posts,
		&[]world.Remark{{ID: 10, PostID: 10, Text: "r0", CreatedAt: world.At(0)}, {ID: 11, PostID: 10, Text: "r1", CreatedAt: world.At(1)}, {ID: 12, PostID: 11, Text: "r2", CreatedAt: world.At(2)}},
		&[]world.Seat{{RoomID: 1, Number: 10, Holder: "ann", CreatedAt: world.At(0)}, {RoomID: 2, Number: 10, Holder: "ann", CreatedAt: world.At(1)}, {RoomID: 2, Number: 11, Holder: "bob", CreatedAt: world.At(2)}, {RoomID: 0, Number: 10, Holder: "eve", CreatedAt: world.At(3)}},
		&[]Parcel{{ID: parcelID(1), Owner: "ann", CreatedAt: world.At(0)}, {ID: parcelID(2), Owner: "bob", CreatedAt: world.At(1)}},
		&[]Voucher{{ID: parcelID(1).String(), Owner: "ann", CreatedAt: world.At(0)}, {ID: parcelID(2).String(), Owner: "bob", CreatedAt: world.At(1)}},
		&[]world.Leaflet{{Slug: "a,b", Section: "news", CreatedAt: world.At(0)}, {Slug: "plain", Section: "news", CreatedAt: world.At(1)}, {Slug: "10", Section: "x:y", CreatedAt: world.At(2)}},
		&[]world.Listing{
			{ID: 10, Slug: new("s10"), Region: new("north"), Code: new("a"), Shop: new(uint(1)), Title: "l0", Stock: new(1), Active: true, CreatedAt: world.At(0)},
			{ID: 11, Slug: new("s11"), Region: new("north"), Code: new("b"), Shop: new(uint(1)), Title: "l1", Stock: new(2), Active: true, CreatedAt: world.At(1)},
			{ID: 12, Shop: new(uint(2)), Title: "l2", Stock: new(3), Active: true, CreatedAt: world.At(2)},
		},
		&[]world.Gadget{
			{Model: gorm.Model{ID: 10, CreatedAt: world.At(0), UpdatedAt: world.At(0)}, Owned: &world.Owned{OwnerID: 1}, Stamp: world.Stamped{Live: true, SentAt: world.At(1)}},
			{Model: gorm.Model{ID: 11, CreatedAt: world.At(2), UpdatedAt: world.At(0)}, Owned: &world.Owned{OwnerID: 2}, Stamp: world.Stamped{SentAt: world.At(3)}},
		},
		&[]Survey{{ID: 10, Owner: "ann", Tags: []string{"a", "b"}, OpenedAt: world.At(0).Unix()}, {ID: 11, Owner: "bob", Tags: []string{}, OpenedAt: world.At(1).Unix()}},
		&[]Cat{{ID: 1}, {ID: 2}},
		&[]Dog{{ID: 1}},
		&[]Toy{
			{ID: 10, Name: "ball", OwnerID: new(uint(1)), OwnerType: new("cats"), CreatedAt: world.At(0)},
			{ID: 11, Name: "mouse", OwnerID: new(uint(1)), OwnerType: new("cats"), CreatedAt: world.At(1)},
			{ID: 12, Name: "bone", OwnerID: new(uint(1)), OwnerType: new("dogs"), CreatedAt: world.At(2)},
		},
		&[]Course{{ID: 1, Name: "go"}, {ID: 2, Name: "sql"}},
		&[]Student{{ID: 1, Name: "ann"}, {ID: 2, Name: "bob"}, {ID: 3, Name: "carl"}},
		&[]Topic{{ID: 1, Name: "types"}, {ID: 2, Name: "joins"}},
		&[]Enrolment{{CourseID: 1, StudentID: 1, CreatedAt: world.At(0)}, {CourseID: 1, StudentID: 2, CreatedAt: world.At(1)}, {CourseID: 2, StudentID: 1, CreatedAt: world.At(2)}},
		&[]CourseTopic{{CourseID: 1, TopicID: 1, Since: world.At(0)}, {CourseID: 2, TopicID: 2, Since: world.At(1)}},
		&[]Contract{
			{ID: 10, Party: "ann", Version: optimisticlock.Version{Int64: 1, Valid: true}, CreatedAt: world.At(0)},
			{ID: 11, Party: "bob", Version: optimisticlock.Version{Int64: 1, Valid: true}, CreatedAt: world.At(1)},
		},
		&[]Banner{{ID: 10, Place: "hall", CreatedAt: world.At(0)}, {ID: 11, Place: "hall", CreatedAt: world.At(1)}, {ID: 12, Place: "hall", CreatedAt: world.At(2), DeletedAt: 7}},
		&[]Poster{{ID: 10, Place: "hall", CreatedAt: world.At(0)}, {ID: 11, Place: "hall", CreatedAt: world.At(1)}, {ID: 12, Place: "hall", CreatedAt: world.At(2), Gone: 1}},
		&[]Folder{{ID: 1, Name: "one"}, {ID: 2, Name: "two"}},
		&[]Drawer{{ID: 1, Name: "one"}, {ID: 2, Name: "two"}},
		&[]File{
			{ID: 10, FolderID: new(uint(1)), DrawerID: new(uint(1)), CreatedAt: world.At(0)},
			{ID: 11, FolderID: new(uint(1)), CreatedAt: world.At(1)},
			{ID: 12, FolderID: new(uint(2)), DrawerID: new(uint(1)), CreatedAt: world.At(2)},
		},
		&[]Sign{{ID: 10, Place: "hall", CreatedAt: world.At(0)}, {ID: 11, Place: "yard", CreatedAt: world.At(1)}},
		&[]Price{{ID: 10, Cents: 500, CreatedAt: world.At(0)}, {ID: 11, Cents: 2000, CreatedAt: world.At(1)}},
		&[]Memo{
			{ID: 10, Owner: "ann", Title: "m0", CreatedAt: world.At(0)},
			{ID: 11, Owner: "ann", Title: "with m0", CreatedAt: world.At(1)},
			{ID: 12, Owner: "bob", Title: "m2", CreatedAt: world.At(2)},
		},
		&[]world.Empire{{ID: 1, Name: "one"}},
		&[]world.Realm{{ID: 1, EmpireID: new(uint(1)), Code: "a"}, {ID: 2, Code: "b"}, {ID: 3, Code: "none"}},
		&[]world.Zone{{ID: 1, RealmID: new(uint(1))}, {ID: 2, RealmID: new(uint(1))}, {ID: 3, RealmID: new(uint(2))}},
		&[]world.Spot{
			{ID: 10, ZoneID: new(uint(1)), RealmCode: new("a"), CreatedAt: world.At(0)},
			{ID: 11, ZoneID: new(uint(2)), RealmCode: new("b"), UnderID: new(uint(10)), CreatedAt: world.At(1)},
			{ID: 12, ZoneID: new(uint(3)), RealmCode: new("a"), UnderID: new(uint(11)), CreatedAt: world.At(2)},
			{ID: 13, ZoneID: new(uint(3)), RealmCode: new("b"), CreatedAt: world.At(3)},
		},
		&[]world.Pin{{ID: 20, SpotID: new(uint(10)), CreatedAt: world.At(4)}, {ID: 21, SpotID: new(uint(13)), CreatedAt: world.At(5)}},
	}
}

// content is all that the tables hold.
func (l *lab) content() string {
	l.Helper()
	var b strings.Builder
	names := slices.Clone(otherTables)
	for _, t := range trackedTables {
		names = append(names, t.Name)
	}
	for _, name := range names {
		var rows []map[string]any
		l.must(l.plain.Table(name).Find(&rows).Error)
		lines := make([]string, len(rows))
		for i, row := range rows {
			lines[i] = fmt.Sprint(row)
		}
		slices.Sort(lines)
		fmt.Fprintln(&b, name, strings.Join(lines, "\n"))
	}
	return b.String()
}

func newKeyedStore() *world.KeyedStore {
	return &world.KeyedStore{Store: memstore.New(), Keys: map[string]bool{}}
}

// empty forgets everything.
func empty(s *world.KeyedStore) {
	s.Mu.Lock()
	defer s.Mu.Unlock()
	s.Store = memstore.New()
	clear(s.Keys)
}

// open opens the database as a program does that starts now.
func (l *lab) open(m world.Mode, about theme, log io.Writer) (*world.World, error) {
	l.Helper()
	options := timakgorm.Options{RawSQL: about.rawSQL, Logger: slog.New(slog.NewTextHandler(log, nil))}
	store := newKeyedStore()
	w := &world.World{TB: l.TB, Dialect: l.dialect, Compared: trackedTables, Store: store}
	w.Timelines = timak.New(store, &timak.Options{Logger: options.Logger, CacheBytes: -1}) // the store is emptied behind its back
	config := m.Config
	config.Logger = logger.Discard
	config.DisableForeignKeyConstraintWhenMigrating = true
	var err error
	w.DB, err = gorm.Open(l.dialector(l.pool), &config)
	if err != nil {
		return nil, err
	}
	for _, step := range []func() error{
		func() error { return w.DB.SetupJoinTable(&Course{}, "Students", &Enrolment{}) },
		func() error { return use(about.before, l, w.DB) },
		func() error { return l.way.install(w, &options) },
		func() error { return use(about.after, l, w.DB) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// use puts another plugin to use, if there is one.
func use(plugin func(*lab, *gorm.DB) error, l *lab, db *gorm.DB) error {
	if plugin == nil {
		return nil
	}
	return plugin(l, db)
}

func (l *lab) dialector(pool *sql.DB) gorm.Dialector {
	if l.dialect == "postgres" {
		return postgres.New(postgres.Config{Conn: pool})
	}
	return &sqlite.Dialector{Conn: pool}
}

// fill makes the timelines what they are to be at first, as of long ago.
func (l *lab) fill(w *world.World) {
	l.Helper()
	empty(w.Store)
	for key, items := range l.seeded {
		ops := make([]timak.Op, len(items))
		for i, s := range items {
			ops[i] = timak.Put(timak.Item{ID: s.ID, At: s.At, Data: []byte(s.Data)}).WithVersion(1)
		}
		_, err := w.Timelines.Apply(l.Context(), key, ops...)
		l.must(err)
	}
}

// verdict is what became of an operation.
type verdict string

const (
	right   verdict = "right"
	wrong   verdict = "WRONG"
	refused verdict = "refused" // nothing has been written
	warned  verdict = "warned"  // timelines are wrong, and the log says so
)

// finding is a verdict, and why it is not right.
type finding struct {
	verdict

	why string
}

// tryAll runs a theme's operations, each from a fresh seed, and reports what
// became of them.
func (l *lab) tryAll(m world.Mode, about theme, report func(op world.Operation, got finding)) {
	l.Helper()
	var log bytes.Buffer
	w, err := l.open(m, about, &log)
	for _, op := range about.operations {
		if err != nil {
			report(op, finding{wrong, fmt.Sprintf("the program does not start: %v", err)})
			continue
		}
		log.Reset()
		l.reset()
		l.fill(w)
		report(op, l.judge(w, runs(m, w.DB, about, op), &log))
		if about.restore != "" {
			l.must(l.plain.Exec(about.restore).Error)
		}
	}
}

// judge compares, after an operation that has returned an error or nil.
func (l *lab) judge(w *world.World, err error, log *bytes.Buffer) finding {
	l.Helper()
	if err != nil && !errors.Is(err, timakgorm.ErrUncaptured) {
		return finding{wrong, fmt.Sprintf("the operation fails: %v", err)}
	}
	differences := strings.Join(w.Differences(l.plain), "\n")
	switch {
	case err != nil && l.content() != l.dump:
		return finding{wrong, fmt.Sprintf("refused, but written: %v", err)}
	case err != nil && differences == "":
		return finding{refused, err.Error()}
	case differences == "":
		return finding{right, ""}
	case strings.Contains(log.String(), "level=WARN"):
		return finding{warned, differences}
	default:
		return finding{wrong, differences}
	}
}

// runs runs an operation in a mode; one that fails on purpose may break the
// transaction it is in.
func runs(m world.Mode, db *gorm.DB, about theme, op world.Operation) error {
	if !about.breaks {
		return m.Run(db, op.Run)
	}
	var failed error
	_ = m.Run(db, func(tx *gorm.DB) error {
		failed = op.Run(tx)
		return errors.Join(failed, world.ErrRollback)
	})
	return failed
}
