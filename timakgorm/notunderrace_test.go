//go:build !race

package timakgorm_test

const underRace = false
