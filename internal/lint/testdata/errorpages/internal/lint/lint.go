// Package lint may name codes as examples.
package lint

// Example is no code of the product.
const Example = "STL-A997"
