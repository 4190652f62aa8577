#!/bin/sh
# Writes the extract of AWS service models (internal/shapes/models.zip) and the names
# of services (asl/sdkservices.go) anew. The models come with the last release of
# the AWS SDK for Go that holds them all in one module; enums of the services that
# workflows call most come from their modules of version 2, which are younger. All
# are fetched through the Go command, and none is a dependency of the product.
set -eu
cd "$(dirname "$0")/.."
go=${GO:-go}
sdk=github.com/aws/aws-sdk-go@v1.55.8
services='athena@v1.67.0 batch@v1.65.2 bedrockruntime@v1.63.12 codebuild@v1.69.0 dynamodb@v1.73.2 ec2@v1.344.2 ecs@v1.104.2
	eks@v1.105.5 emrserverless@v1.41.2 glue@v1.174.0 lambda@v1.114.3 s3@v1.114.9 sagemaker@v1.288.1 sfn@v1.41.2'

folder_of() {
	"$go" mod download -json "$1" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p'
}

folder=$(folder_of "$sdk")
set --
for service in $services; do
	set -- "$@" "$(folder_of "github.com/aws/aws-sdk-go-v2/service/$service")"
done
"$go" run ./internal/shapes/gen "$folder/models/apis" internal/shapes/models.zip asl/sdkservices.go "$@"
for name in LICENSE NOTICE; do
	cp "$folder/$name.txt" "internal/shapes/$name-aws-sdk-go.txt"
	chmod 644 "internal/shapes/$name-aws-sdk-go.txt"
done
