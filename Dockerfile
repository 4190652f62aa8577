# A static binary on nothing: no shell, no user but 65532, a root file system that
# may be read-only. The data folder is the volume /data.
#
#   docker build -t stile .
#   docker run --read-only -v orders:/data -v "$PWD/orders:/project:ro" \
#     -p 127.0.0.1:7480:7480 stile serve /project --data /data --gateway 0.0.0.0:7480
#
# The control listener stays on the container's loopback; reach it by
# `docker exec CONTAINER /stile exec list`.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -o /out/stile ./cmd/stile && mkdir /out/data

FROM scratch
COPY --from=build /out/stile /stile
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
VOLUME /data
EXPOSE 7480
STOPSIGNAL SIGTERM
ENTRYPOINT ["/stile"]
CMD ["version"]
