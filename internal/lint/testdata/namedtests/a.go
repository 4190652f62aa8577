// Package fixture is here so that its test is.
package fixture
