package feedmix

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Config says what is measured.
type Config struct {
	Scale    float64       // 1 is 100,000 users
	Seed     uint64        // of all that is drawn
	Mixes    []string      // names, in order
	Rates    []float64     // operations a second, in order, for each mix
	Time     time.Duration // for each side, mix and rate
	Turns    int           // in how many turns it is measured, the sides one after the other in each
	Capacity int           // how many posts a home feed keeps
	Posts    int           // by each user, to begin with
	Payload  int           // the size of a post's body, in bytes
	Checked  int           // the number of users whose pages are compared with SQL at the end
}

const (
	fullUsers  = 100_000
	fewestUser = 50
)

// Users returns the number of users.
func (c Config) Users() int { return int(c.Scale*fullUsers + 0.5) }

// check returns an error that says what was expected.
func (c Config) check() error {
	if c.Users() < fewestUser {
		return fmt.Errorf("feedmix: scale %v: expected at least %v, which is %d users", c.Scale, float64(fewestUser)/fullUsers, fewestUser)
	}
	if len(c.Mixes) == 0 || len(c.Rates) == 0 {
		return fmt.Errorf("feedmix: mixes %v, rates %v: expected at least one of each", c.Mixes, c.Rates)
	}
	for _, name := range c.Mixes {
		if _, err := mixOf(name); err != nil {
			return err
		}
	}
	if least := slices.Min(c.Rates); least <= 0 {
		return fmt.Errorf("feedmix: rate %v: expected more than 0 operations a second", least)
	}
	if c.Turns < 1 || c.Time < time.Duration(c.Turns) || c.Capacity < pageLimit || c.Capacity%pageLimit != 0 || c.Posts < 1 || c.Payload < 1 || c.Checked < 1 {
		return fmt.Errorf("feedmix: expected a time, turns, posts, a payload and users to check above 0, and a capacity of whole pages of %d; got %+v", pageLimit, c)
	}
	return nil
}

// mixOf returns the mix of a name.
func mixOf(name string) (Mix, error) {
	var names []string
	for _, mix := range Mixes {
		if mix.Name == name {
			return mix, nil
		}
		names = append(names, mix.Name)
	}
	return Mix{}, fmt.Errorf("feedmix: no mix %q: expected one of %s", name, strings.Join(names, ", "))
}

// What is drawn from the seed, each from numbers of its own.
const (
	streamGraph uint64 = iota
	streamPosts
	streamScript
	streamChecked
)

func (c Config) rand(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(c.Seed, stream)) }
