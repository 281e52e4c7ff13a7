// Package limits bounds how often clients may do what costs much, or what others must bear.
package limits

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/timak-go/timak/examples/blog/internal/blog"
	"github.com/timak-go/timak/examples/blog/internal/limit"
	"github.com/timak-go/timak/examples/blog/internal/web/problem"
	"github.com/timak-go/timak/examples/blog/internal/web/request"
)

// Limits are how often clients may do what. They are counted in this process.
type Limits struct {
	blog *blog.Blog

	addresses *limit.Limit // passwords tried, and accounts made, from an address
	names     *limit.Limit // passwords tried for a name
	known     *limit.Limit // the same, from an address at which the user has been
	residents *limit.Limit // the same, of all users of an address that is used up
	accounts  *limit.Limit // passwords tried by a user who is logged in, to change the account
	writes    *limit.Limit // posts, edits of these and comments of a user; nil: without a bound
}

// New returns the limits of a blog.
func New(b *blog.Blog, opts Options) *Limits {
	opts = opts.withDefaults()
	l := &Limits{
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

// Guess returns nil if a client may try a password for a name, or a *problem.Problem. A user
// whose name or address others have used up is let in where a session has begun before, and
// not more often than others are.
func (l *Limits) Guess(c echo.Context, name string) error {
	from, name := request.Network(c), nameKey(name)
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

// Guessed notes that the password was right: the attempts on the name were the user's. Those
// that an address has used stay used, or else one account of one's own would be enough to log
// in without a bound.
func (l *Limits) Guessed(name string) { l.names.Forget(nameKey(name)) }

// Confirm returns nil if a user who is logged in may give the password once more, or a
// *problem.Problem. What others do with the name does not count; nor is anything given back
// for a right password, which is much work too.
func (l *Limits) Confirm(user blog.User) error {
	return later("too many attempts", l.accounts.Take(fmt.Sprint(user.ID)))
}

// SignUp returns nil if a client may make an account, or a *problem.Problem.
func (l *Limits) SignUp(c echo.Context) error {
	return later("too many attempts", l.addresses.Take(request.Network(c)))
}

// Write returns nil if a user may write something for others to read, or a *problem.Problem.
func (l *Limits) Write(user blog.User) error {
	if l.writes == nil {
		return nil
	}
	return later("you have written a lot just now", l.writes.Take(fmt.Sprint(user.ID)))
}

// Publish returns Write, for an edit to call if readers will see it.
func (l *Limits) Publish(user blog.User) func() error {
	return func() error { return l.Write(user) }
}

// nameKey returns what attempts on a name are counted by. All names that nobody can have are
// one.
func nameKey(name string) string {
	if len(name) > blog.MaxName {
		return ""
	}
	return strings.ToLower(name)
}

// later returns a *problem.Problem that says when to try again, or nil if there is nothing
// to wait for.
func later(why string, wait time.Duration) error {
	if wait == 0 {
		return nil
	}
	seconds := int(math.Ceil(wait.Seconds()))
	return &problem.Problem{
		Status: http.StatusTooManyRequests,
		Text:   fmt.Sprintf("%s: wait %s and try again", why, inWords(seconds)),
		Wait:   seconds,
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
