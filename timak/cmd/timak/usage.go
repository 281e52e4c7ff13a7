package main

import (
	"flag"
	"fmt"
	"strings"
)

const aboutStores = `
A store is one of

  bolt:FILE               the file of a boltstore
  postgres:DSN            or postgres://…; host=… user=… dbname=… goes too
  redis:HOST:PORT         or redis://…, rediss://… (by TLS); a server or a cluster
  riak:HOST:PORT,…        nodes of a cluster; its keys cannot be listed

Options of a store stand in brackets behind its kind, where they are not the usual ones:
  postgres[schema=feeds,table=timelines]:DSN   redis[prefix=blog:]:HOST:PORT
  riak[type=timelines,bucket=timelines]:HOST:PORT

A file of a boltstore is opened for reading where that is enough. It cannot be opened while
a program has it open: stop that program first, or let it do the work, with the Go package
timak/transfer.

A password on the command line is seen by all users of the machine. Better set TIMAK_STORE
(the default of -store), TIMAK_FROM and TIMAK_TO (those of -from and -to), or PGPASSWORD or
~/.pgpass for Postgres.
`

const aboutKeys = `
Bytes of a key that a terminal could take for something else are shown as in Go, in double
quotes: "\x00seen\x00author:7" is what was seen of the timeline author:7. A KEY that begins
with a double quote is read the same way. So is one that could be taken for a store, such as
"page:https://example.org": otherwise it is refused, as a DSN in the wrong place would be
shown with its password.
`

const aboutCodes = `
Exit codes
  0    done
  1    error; nothing is lost, and the message says how to go on
  2    wrong usage; nothing was done
  3    done, but timelines that could not be read or written were left out; each is named
  130  stopped by SIGINT, and 143 by SIGTERM; nothing is half-written, and the message says
       how to go on
`

// help is what timak -h prints.
func help() string {
	var b strings.Builder
	b.WriteString("timak looks into stores of timelines, and carries timelines from one to another.\n\nusage: timak COMMAND [FLAGS] [ARGUMENTS]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-22s  %s\n", c.name+" "+c.args, c.about)
	}
	b.WriteString("\ntimak COMMAND -h tells more.\n")
	b.WriteString(aboutStores + aboutKeys + aboutCodes)
	return b.String()
}

// usage is what timak COMMAND -h prints.
func (c command) usage(flags *flag.FlagSet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "usage: timak %s [FLAGS] %s\n\n%s\n", c.name, c.args, c.help)
	b.WriteString("Flags\n")
	flags.SetOutput(&b)
	flags.PrintDefaults()
	b.WriteString("\nStores, keys and exit codes: timak -h\n")
	return b.String()
}
