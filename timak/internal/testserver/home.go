package testserver

import "errors"

// Home is a folder where servers live, with a watchdog that cleans up in it when the
// test binary is gone.
type Home struct {
	*Folder

	watchdog *Watchdog
}

// NewHome creates a home for the servers of a package with this name. socket and owner
// are those of NewFolder. The watchdog runs script as owner; its arguments are the
// folder's path and args.
func NewHome(name, socket string, owner Account, script string, args ...string) (*Home, error) {
	folder, err := NewFolder("timak-"+name+"-", socket, owner)
	if err != nil {
		return nil, err
	}
	watchdog, err := StartWatchdog(name+"-watchdog", script, owner, append([]string{folder.Path()}, args...)...)
	if err != nil {
		return nil, errors.Join(err, folder.Remove())
	}
	return &Home{folder, watchdog}, nil
}

// Remove removes the folder, whose servers have ended, and lets the watchdog go.
func (h *Home) Remove() error {
	return errors.Join(h.Folder.Remove(), h.watchdog.Release())
}
