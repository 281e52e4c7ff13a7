package limits

// Options are the bounds. Zero fields mean the defaults.
type Options struct {
	// LoginBurst is how many times in a row an address may try a password or sign
	// up. Defaults to 60.
	LoginBurst int

	// LoginsPerSecond is how fast used attempts become available again. Defaults to
	// 0.5.
	LoginsPerSecond float64

	// NameBurst is how many times in a row passwords may be tried for a name, from
	// anywhere. Defaults to 10.
	NameBurst int

	// NamesPerSecond is how fast used attempts on a name become available again.
	// Defaults to 1 in 30 seconds.
	NamesPerSecond float64

	// WritesPerMinute is how many posts, edits of what is published, and comments a user may
	// write a minute, and in a row. 0 is without a bound.
	WritesPerMinute int
}

func (o Options) withDefaults() Options {
	if o.LoginBurst == 0 {
		o.LoginBurst = 60
	}
	if o.LoginsPerSecond == 0 {
		o.LoginsPerSecond = 0.5
	}
	if o.NameBurst == 0 {
		o.NameBurst = 10
	}
	if o.NamesPerSecond == 0 {
		o.NamesPerSecond = 1.0 / 30
	}
	return o
}
