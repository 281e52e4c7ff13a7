//go:build !race

package endtoend_test

const underRace = false
