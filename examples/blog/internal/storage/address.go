package storage

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// ParseAddresses returns the addresses in a list, or an error that names the invalid
// one.
func ParseAddresses(list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	all := strings.Split(list, ",")
	for i, address := range all {
		all[i] = strings.TrimSpace(address)
		if err := CheckAddress(all[i]); err != nil {
			return nil, fmt.Errorf("%w: expected host:port,host:port,…", err)
		}
	}
	return all, nil
}

// CheckAddress returns an error that says what is wrong with a host:port.
func CheckAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	switch {
	case address == "":
		return errors.New("an address is empty")
	case err != nil:
		return err
	case host == "":
		return fmt.Errorf("address %s: missing host in address", address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("address %s: %q is not a port", address, port)
	}
	return nil
}
