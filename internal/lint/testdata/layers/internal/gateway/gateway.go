// Package gateway is a stranger to engine.
package gateway
