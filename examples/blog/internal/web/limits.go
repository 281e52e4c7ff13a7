package web

import (
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/limit"
)

// limits bound how often clients may do what costs much, or what others must bear. They are
// counted in this process.
type limits struct {
	blog *blog.Blog

	addresses *limit.Limit // passwords tried, and accounts made, from an address
	names     *limit.Limit // passwords tried for a name
	known     *limit.Limit // the same, from an address at which the user has been
	residents *limit.Limit // the same, of all users of an address that is used up
	accounts  *limit.Limit // passwords tried by a user who is logged in, to change the account
	writes    *limit.Limit // posts, edits of these and comments of a user; nil: without a bound
}

func newLimits(b *blog.Blog, opts Options) *limits {
	l := &limits{
		blog:      b,
		addresses: limit.New(opts.LoginsPerSecond, opts.LoginBurst),
		names:     limit.New(opts.NamesPerSecond, opts.NameBurst),
		known:     limit.New(opts.NamesPerSecond, opts.NameBurst),
		residents: limit.New(opts.LoginsPerSecond, opts.LoginBurst),
		accounts:  limit.New(opts.NamesPerSecond, opts.NameBurst),
	}
	if opts.WritesPerMinute > 0 {
		l.writes = limit.New(float64(opts.WritesPerMinute)/60, opts.WritesPerMinute)
	}
	return l
}

// guess returns nil if a client may try a password for a name, or a *problem. A user whose
// name or address others have used up is let in where a session has begun before, and not
// more often than others are.
func (l *limits) guess(c echo.Context, name string) error {
	from, name := network(c.RealIP()), nameKey(name)
	wait := l.addresses.Take(from)
	usedUp := wait > 0
	if !usedUp {
		wait = l.names.Take(name) // which attempts that are not made do not use up
	}
	if wait == 0 {
		return nil
	}
	been, err := l.blog.HasBeenAt(c.Request().Context(), name, from)
	if err != nil {
		return err
	}
	if been {
		wait = l.known.Take(from + " " + name)
		if wait == 0 && usedUp {
			wait = l.residents.Take(from)
		}
	}
	return later("too many attempts", wait)
}

// guessed notes that the password was right: the attempts on the name were the user's. Those
// that an address has used stay used, or else one account of one's own would be enough to log
// in without a bound.
func (l *limits) guessed(name string) { l.names.Forget(nameKey(name)) }

// confirm returns nil if a user who is logged in may give the password once more, or a
// *problem. What others do with the name does not count; nor is anything given back for a
// right password, which is much work too.
func (l *limits) confirm(user blog.User) error {
	return later("too many attempts", l.accounts.Take(fmt.Sprint(user.ID)))
}

// signUp returns nil if a client may make an account, or a *problem.
func (l *limits) signUp(c echo.Context) error {
	return later("too many attempts", l.addresses.Take(network(c.RealIP())))
}

// write returns nil if a user may write something for others to read, or a *problem.
func (l *limits) write(user blog.User) error {
	if l.writes == nil {
		return nil
	}
	return later("you have written a lot just now", l.writes.Take(fmt.Sprint(user.ID)))
}

// publish returns write, for an edit to call if readers will see it.
func (l *limits) publish(user blog.User) func() error {
	return func() error { return l.write(user) }
}

// nameKey returns what attempts on a name are counted by. All names that nobody can have are
// one.
func nameKey(name string) string {
	if len(name) > blog.MaxName {
		return ""
	}
	return strings.ToLower(name)
}

// later returns a *problem that says when to try again, or nil if there is nothing to wait
// for.
func later(why string, wait time.Duration) error {
	if wait == 0 {
		return nil
	}
	seconds := int(math.Ceil(wait.Seconds()))
	return &problem{
		status: http.StatusTooManyRequests,
		text:   fmt.Sprintf("%s: wait %s and try again", why, inWords(seconds)),
		wait:   seconds,
	}
}

// inWords returns a time to wait as text.
func inWords(seconds int) string {
	switch minutes := (seconds + 59) / 60; {
	case seconds == 1:
		return "a second"
	case seconds < 60:
		return fmt.Sprintf("%d seconds", seconds)
	case minutes == 1:
		return "a minute"
	default:
		return fmt.Sprintf("%d minutes", minutes)
	}
}

// network returns what identifies a client: its address, or for IPv6 the network
// from which it may choose addresses.
func network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Unmap().Is4() {
		return ip
	}
	prefix, err := addr.WithZone("").Prefix(64)
	if err != nil {
		return ip
	}
	return prefix.String()
}
