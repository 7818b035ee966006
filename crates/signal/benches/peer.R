# The same work by the R package surveillance: prints "name units cpu_seconds". First argument: CSV with a date column and
# one column a series.
suppressMessages(suppressWarnings(library(surveillance)))
x <- read.csv(commandArgs(TRUE)[1])
date <- as.Date(x$date)
n <- nrow(x)
cpu <- function(work) { before <- proc.time(); force(work); used <- proc.time() - before; sum(used[1:2]) }
series <- lapply(x[-1], function(y) sts(y, epoch = date, frequency = 52))
older <- suppressWarnings(lapply(x[-1], function(y)
  create.disProg(week = seq_len(n), observed = y, state = 0 * y, freq = 52, start = c(2014, 1))))
flexible <- function(s, range) suppressWarnings(farringtonFlexible(s, control = list(
  range = range, b = 5, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26, thresholdMethod = "nbPlugin",
  pThresholdTrend = 1, glmWarnings = FALSE)))
say <- function(name, units, seconds) cat(name, units, seconds, "\n")
say("farrington_latest", 50, cpu(for (s in series[1:50]) flexible(s, n)))
say("farrington_all", 100, cpu(for (s in series[1:10]) flexible(s, (n - 9):n)))
say("ears_c3", 50 * (n - 11), cpu(for (s in series[1:50]) earsC(s, control = list(method = "C3", range = 12:n))))
say("glr_nb", 20 * 260, cpu(for (d in older[1:20]) try(suppressMessages(suppressWarnings(algo.glrnb(d, control = list(
  range = (n - 259):n, c.ARL = 5, mu0 = list(S = 1, trend = FALSE, refit = FALSE), alpha = 0.25, Mtilde = 1, M = -1,
  change = "intercept", dir = "inc", ret = "value")))), silent = TRUE)))
say("cusum", 50 * 260, cpu(for (d in older[1:50]) try(suppressWarnings(algo.cusum(d, control = list(
  range = (n - 259):n, m = "glm", trans = "rossi"))), silent = TRUE)))
