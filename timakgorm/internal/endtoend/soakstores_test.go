package endtoend_test

import (
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/timak-go/timak/timak/redistest"
	"github.com/timak-go/timak/timak/riaktest"
)

// onRiak puts the timelines on a Riak that loses nodes and answers.
func (s *soak) onRiak() {
	cluster := riaktest.Start(s.TB, nil)
	s.role.Store = storage{Kind: "riakstore", Address: strings.Join(cluster.Addresses(), ",")}
	s.faults = []func(){
		func() {
			faults := []riaktest.Fault{
				riaktest.LoseReply(), riaktest.Drop(), riaktest.Fail("overload"), riaktest.Fail("timeout"), riaktest.CutReply(), riaktest.Hang(),
			}
			match := riaktest.Match{Kind: either(riaktest.Get, riaktest.Put), Count: 1 + rand.IntN(20)}
			injection := cluster.Inject(match, either(faults...))
			shortTime(100)
			injection.Remove()
		},
		func() {
			node := either(cluster.Nodes()...)
			node.Stop()
			shortTime(200)
			s.Must(node.Start())
		},
	}
}

// onPostgres puts the timelines beside the posts. What the store does is cut off in the
// middle; the server crashes and restarts anyway.
func (s *soak) onPostgres() {
	s.role.Store = newStorage(s.TB, "pgstore", s.role.DSN)
	s.faults = []func(){func() {
		conn, err := pgx.Connect(s.Context(), s.role.DSN) // one that has not died with the server
		s.Must(err)
		var cut int
		s.Must(conn.QueryRow(s.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE query LIKE '%timak_timelines%' AND pid <> pg_backend_pid() AND random() < 0.5`).Scan(&cut))
		s.Must(conn.Close(s.Context()))
		s.cuts += cut
	}}
}

// onRedis puts the timelines on a Redis that keeps what it has acknowledged when it is
// killed: with appendfsync everysec it would put off its writes to a slow disk. Requests
// and answers are lost on the way.
func (s *soak) onRedis() {
	server := redistest.NewServer(s.TB, "appendonly yes", "appendfsync no")
	proxy := redistest.NewProxy(s.TB, server.Address())
	s.role.Store = storage{Kind: "redisstore", Address: proxy.URL() + "?read_timeout=300ms&dial_timeout=300ms"}
	s.faults = []func(){
		func() {
			hits := proxy.Hits()
			proxy.Inject(either(redistest.LoseAnswer, redistest.CutRequest), "", 1+rand.IntN(20))
			shortTime(100)
			proxy.Inject(redistest.LoseAnswer, "", 0)
			s.cuts += proxy.Hits() - hits
		},
		func() {
			proxy.Cut()
			shortTime(200)
			proxy.Mend()
		},
		func() {
			s.Must(server.Freeze())
			shortTime(500)
			s.Must(server.Thaw())
		},
		func() {
			s.Must(server.Kill())
			shortTime(200)
			s.Must(server.Start(s.Context()))
		},
	}
}

func either[T any](among ...T) T { return among[rand.IntN(len(among))] }

// shortTime is how long a fault lasts: up to this many milliseconds.
func shortTime(most int) { time.Sleep(time.Duration(rand.IntN(most)) * time.Millisecond) }
