FROM oven/bun:1.4.5-debian AS build
WORKDIR /app
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile --production
COPY bin bin
COPY src src
RUN bin/build

FROM oven/bun:1.4.5-debian
RUN apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app ./
COPY LICENSE ./
COPY migrations migrations
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data FANFARE_READY=1
RUN mkdir /data && chown bun /data
USER bun
VOLUME /data
EXPOSE 3000
HEALTHCHECK CMD ["bun", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["bin/fanfare", "serve"]
