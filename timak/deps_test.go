package timak_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/timak-go/timak/"

// arrows say which packages of the module a package imports, and why no others. The
// names are paths within the module. Each package has a row.
var arrows = []struct {
	pkg     string
	imports string
	why     string
}{
	{"timak", "timak/driver timak/internal/state timak/internal/wire", "the engine meets storage only as driver.Store, and knows no database"},
	{"timak/driver", "", "the contract stands alone: a store needs nothing else"},
	{"timak/drivertest", "timak/driver", "the suite knows the contract, and no store"},
	{"timak/memstore", "timak/driver timak/internal/keys timak/internal/siblings", "a store knows the contract, and neither the engine nor another store"},
	{"timak/boltstore", "timak/driver timak/internal/gate timak/internal/keys timak/internal/siblings", "a store knows the contract, and neither the engine nor another store"},
	{"timak/riakstore", "timak/driver timak/internal/gate timak/secret", "a store knows the contract, and neither the engine nor another store"},
	{"timak/pgstore", "timak/driver timak/internal/keys migrations", "a store knows the contract, and neither the engine nor another store"},
	{"timak/riaktest", "timak/secret", "the test server speaks Riak's protocol: it must not share code with the client that it tests"},
	{"timak/pgtest", "timak/internal/testserver", "a Postgres for anybody's tests"},
	{"timak/redisstore", "timak/driver timak/internal/gate timak/internal/keys", "a store knows the contract, and neither the engine nor another store"},
	{"timak/redistest", "timak/internal/testserver", "a Redis for anybody's tests"},
	{"timak/transfer", "timak timak/driver timak/internal/state timak/internal/wire", "what carries timelines knows how they are written and merged, and no store"},
	{"timak/cmd/timak", "timak timak/boltstore timak/driver timak/internal/state timak/internal/wire timak/pgstore timak/redisstore timak/riakstore timak/transfer", "a program for operators knows all stores, and shows what is stored"},
	{"timak/secret", "", "what hides secrets is used everywhere"},
	{"timak/secret/secrettest", "", "what tests secrets is used everywhere"},
	{"timak/internal/state", "", "the merge is pure: it knows neither bytes nor stores"},
	{"timak/internal/wire", "timak/driver timak/internal/state", "the codec knows the state that it writes, and the driver's limits"},
	{"timak/internal/gate", "", "what stores share to close knows none of them"},
	{"timak/internal/keys", "", "what stores share to list their keys knows none of them"},
	{"timak/internal/siblings", "timak/driver", "what stores share knows only their contract"},
	{"internal/eachstore", "timak/boltstore timak/driver timak/memstore timak/pgstore timak/pgtest timak/redisstore timak/redistest", "it opens every store for those who know none: no store may know it"},
	{"timak/internal/bench", "timak timak/pgtest", "benchmarks use the engine as an application does, and its peers"},
	{"timak/internal/peers", "", "it has a benchmark alone, which opens every store"},
	{"timak/internal/benchdoc", "", "it reads text and writes text"},

	{"timakgorm", "timak " + rooms, "what an application names: doors to the rooms, and the engine. Stores are the application's choice"},
	{"timakgorm/pgxlisten", room + "watchers", "it is linked by those who use pgx, and knows only what it is asked for"},
	{"timakgorm/timaktest", "timak timak/driver timak/drivertest timak/memstore timakgorm", "it is for tests of applications, and uses the plugin as they do"},
	{"timakgorm/internal/readme", "", "it runs the README's snippets as an application would"},
	{"timakgorm/internal/readme/started", "", "it runs a test of the guide as an application would"},
	{room + "fault", "", "every room may name its errors"},
	{room + "tag", "", "the grammar of tags is pure, and knows no model"},
	{room + "sqltext", "", "what reads SQL is pure: it knows a text, and neither tables nor GORM"},
	{room + "model", in("tag sqltext") + " timak", "a model is pure: where a row belongs depends on the row and the rules alone"},
	{room + "dialect", in("model sqltext"), "SQL is written for one table: which statements run, and when, is decided above"},
	{room + "statement", in("dialect model sqltext"), "a statement is read as it is: what is known of its session is asked above"},
	{room + "session", in("fault statement dialect model sqltext"), "a session does not know the outbox: how a change is recorded is not its matter"},
	{room + "outbox", in("dialect model") + " migrations", "the outbox is written by both captures and read by the relay: it knows neither"},
	{room + "guard", in("session statement dialect sqltext"), "what is refused is refused before anything is captured"},
	{room + "cascade", in("guard session statement dialect model sqltext"), "the graph of foreign keys knows no capture: one may follow it, or log it"},
	{room + "hooks", in("outbox cascade guard session statement dialect model sqltext"), "one capture does not know the other, nor what becomes of a change"},
	{room + "triggers", in("outbox session statement dialect model sqltext"), "one capture does not know the other, nor what becomes of a change"},
	{room + "follow", in("outbox guard session statement dialect model"), "rows that the user names are recorded like any others"},
	{room + "audience", in("outbox dialect model tag") + " timak", "who subscribes to what is asked of the tables: what to do about it is decided above"},
	{room + "watchers", in("outbox dialect"), "who watches does not know what is written, nor why"},
	{room + "heal", in("audience beyond outbox dialect") + " timak", "what a timeline lacks is asked of the tables: that it has room is told by those who write it"},
	{room + "shards", in("outbox dialect"), "who relays which rows does not depend on what becomes of them"},
	{room + "relay", in("audience heal shards watchers outbox dialect model") + " timak timak/driver", "the relay reads the outbox: it must not depend on how changes are captured"},
	{room + "audit", in("audience relay outbox dialect model") + " timak", "an audit compares what there is: it must not share the way by which it came there"},
	{room + "beyond", in("audience dialect model") + " timak", "the tables are asked for items as they are: neither the outbox nor its relay has a part in that"},
	{room + "world", "internal/eachstore timak timak/driver timak/drivertest timak/memstore timakgorm timak/pgtest", "tests use the plugin as an application does: none of its rooms"},
	{mix + "feed", "", "what is measured agrees with the yardstick on posts and pages, and on nothing else"},
	{mix + "graph", "", "who follows whom is drawn: it does not depend on what is measured"},
	{mix + "measured", mix + "feed", "what was measured does not depend on what is told of it"},
	{mix + "openloop", "", "the loop knows time, and not what it starts"},
	{mix + "script", mix + "feed " + mix + "graph", "what users do is drawn before, and is the same for all sides"},
	{mix + "tables", mix + "feed " + mix + "graph", "the tables are those of every side"},
	{mix + "pull", mix + "feed " + mix + "tables", "a side knows what it must do, and not how it is measured"},
	{mix + "sortedsets", mix + "feed " + mix + "tables " + mix + "pull", "a side knows what it must do, and not how it is measured. This one goes on by SQL"},
	{mix + "timelines", mix + "feed " + mix + "tables timak timak/driver timakgorm", "the side uses the plugin as an application does"},
	{mix + "ideal", mix + "feed", "a side knows what it must do, and not how it is measured"},
	{mix + "pages", mix + "feed " + mix + "tables", "pages are compared with SQL, whichever side made them"},
	{mix + "scene", mix + "feed " + mix + "measured " + mix + "openloop " + mix + "script", "a scene is played on any side"},
	{mix + "report", mix + "graph " + mix + "measured " + mix + "pages " + mix + "script", "a report tells what was measured, and measures nothing"},
	{room + "feedmix", mix + "feed " + mix + "graph " + mix + "measured " + mix + "pages " + mix + "report " + mix + "scene " + mix + "script " + mix + "tables", "a run knows no side: it is given them"},
	{room + "endtoend", "", "it has tests of the whole alone"},
	{"timak/internal/testserver", "", "what starts servers for tests does not know which"},
	{"migrations", "", "the SQL files are for other tools too"},

	{"examples/blog", "examples/blog/internal/blog examples/blog/internal/inuse examples/blog/internal/metrics examples/blog/internal/seed examples/blog/internal/storage examples/blog/internal/web timak timak/secret timakgorm", "the program knows all of its parts"},
	{"examples/blog/browser", "", "it has tests of the blog in a browser alone"},
	{"examples/blog/internal/blog", "examples/blog/internal/markdown timak timakgorm", "what the blog is does not depend on how it is shown, nor on a store"},
	{"examples/blog/internal/storage", "timak/boltstore timak/driver timak/pgstore timak/redisstore timak/riakstore timak/secret timakgorm/pgxlisten", "it alone chooses stores, and does not know what a blog is"},
	{"examples/blog/internal/inuse", "examples/blog/internal/storage timak timak/secret", "which store holds the timelines does not depend on what is on them"},
	{"examples/blog/internal/markdown", "", "how a text is shown does not depend on whose it is"},
	{"examples/blog/internal/metrics", "timakgorm", "what is counted is told to it, but for the state of the plugin"},
	{"examples/blog/internal/gather", "", "who shares a read does not depend on what is read"},
	{"examples/blog/internal/seed", "examples/blog/internal/blog", "what fills a blog does so as its users would, by what the blog is"},
	{"examples/blog/internal/limit", "", "what is counted is not the counter's matter"},
	{"examples/blog/internal/web", "examples/blog/internal/blog examples/blog/internal/web/api examples/blog/internal/web/feeds examples/blog/internal/web/limits examples/blog/internal/web/live examples/blog/internal/web/pages examples/blog/internal/web/problem examples/blog/internal/web/request examples/blog/internal/web/route", "it puts the rooms of the site together, and what holds for all requests around them"},
	{"examples/blog/internal/web/pages", "examples/blog/internal/blog examples/blog/internal/gather examples/blog/internal/markdown examples/blog/internal/web/feeds examples/blog/internal/web/limits examples/blog/internal/web/problem examples/blog/internal/web/request examples/blog/internal/web/route examples/blog/internal/web/session timak", "pages read the blog and pages of timelines: the tables are the blog's matter"},
	{"examples/blog/internal/web/api", "examples/blog/internal/blog examples/blog/internal/web/limits examples/blog/internal/web/problem examples/blog/internal/web/request examples/blog/internal/web/route timak", "programs have tokens, and no cookies"},
	{"examples/blog/internal/web/live", "examples/blog/internal/blog examples/blog/internal/gather examples/blog/internal/web/problem examples/blog/internal/web/request examples/blog/internal/web/route examples/blog/internal/web/session", "a stream tells how many posts are new, and shows none"},
	{"examples/blog/internal/web/feeds", "examples/blog/internal/blog examples/blog/internal/gather examples/blog/internal/markdown examples/blog/internal/web/request examples/blog/internal/web/route timak", "feeds are the same for all who read them"},
	{"examples/blog/internal/web/limits", "examples/blog/internal/blog examples/blog/internal/limit examples/blog/internal/web/problem examples/blog/internal/web/request", "what is bounded does not depend on how it is asked for"},
	{"examples/blog/internal/web/session", "examples/blog/internal/blog examples/blog/internal/web/request", "a cookie keeps a token: whose it is, the blog knows"},
	{"examples/blog/internal/web/problem", "examples/blog/internal/blog timak", "what is told of an error does not depend on where it was met"},
	{"examples/blog/internal/web/request", "examples/blog/internal/blog", "requests are read by all, and answered elsewhere"},
	{"examples/blog/internal/web/route", "", "how a route is added does not depend on where it leads"},
}

const (
	room = "timakgorm/internal/"
	mix  = room + "feedmix/"
)

var rooms = in("audience audit beyond cascade dialect fault follow guard hooks model outbox relay session statement tag triggers watchers")

// in returns the paths of rooms.
func in(names string) string {
	var paths []string
	for name := range strings.FieldsSeq(names) {
		paths = append(paths, room+name)
	}
	return strings.Join(paths, " ")
}

// The arrows between packages point one way.
func TestArrows(t *testing.T) {
	t.Parallel()
	rows := map[string]int{}
	for i, row := range arrows {
		rows[row.pkg] = i
	}
	for pkg, imports := range importsOf(t) {
		i, there := rows[pkg]
		if !there {
			t.Errorf("package %s has no row in the table of arrows: say which packages it may import, and why", pkg)
			continue
		}
		delete(rows, pkg)
		may := strings.Fields(arrows[i].imports)
		for _, path := range imports {
			inner, ours := strings.CutPrefix(path, module)
			if ours && !slices.Contains(may, inner) {
				t.Errorf("%s imports %s: %s", pkg, inner, arrows[i].why)
			}
		}
		for _, path := range may {
			if !slices.Contains(imports, module+path) {
				t.Errorf("%s does not import %s: delete that from its row", pkg, path)
			}
		}
	}
	for pkg := range rows {
		t.Errorf("there is no package %s any more: delete its row", pkg)
	}
}

// importsOf returns what the packages of the module import, tests left out.
func importsOf(t *testing.T) map[string][]string {
	t.Helper()
	imports := map[string][]string{}
	for line := range strings.Lines(list(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...")) {
		paths := strings.Fields(line)
		imports[strings.TrimPrefix(paths[0], module)] = paths[1:]
	}
	return imports
}

func list(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// The pure rooms do no I/O: they import nothing that could.
func TestPureRooms(t *testing.T) {
	t.Parallel()
	impure := []string{"context", "database/sql", "log", "log/slog", "net", "net/http", "os", "os/exec"}
	imports := importsOf(t)
	for _, pkg := range []string{"timak/internal/state", room + "tag", room + "sqltext", room + "model"} {
		for _, path := range imports[pkg] {
			if slices.Contains(impure, path) {
				t.Errorf("%s imports %s: a pure room gets what it needs as arguments, and returns what it finds", pkg, path)
			}
		}
	}
}

// What programs are built from, directly or by way of others. A package that is
// listed here is: go list -deps shows how.
func TestForbiddenDependencies(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern   string
		forbidden []string
		why       string
	}{
		{"timak/...", []string{"gorm.io"}, "the engine does not know GORM; put it in timakgorm"},
		{"timak/...", []string{"github.com/labstack"}, "the engine does not know Echo; put it in examples/blog"},
		{"timak", []string{"go.etcd.io", "github.com/basho", "github.com/jackc", "github.com/redis"}, "a backend's client belongs in its store"},
		{"timak", []string{"testing"}, "test code does not go into programs"},
		{"timakgorm", []string{"testing"}, "test code does not go into programs"},
		{"timakgorm", []string{"github.com/labstack", "go.etcd.io", "github.com/basho", "github.com/redis"}, "web frameworks and stores are the application's choice"},
	} {
		for pkg := range strings.FieldsSeq(list(t, "-deps", "-test=false", module+tt.pattern)) {
			if slices.ContainsFunc(tt.forbidden, func(path string) bool { return pkg == path || strings.HasPrefix(pkg, path+"/") }) {
				t.Errorf("%s is built from %s: %s", tt.pattern, pkg, tt.why)
			}
		}
	}
}
