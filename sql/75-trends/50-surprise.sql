/*
 * surprise
 *
 * How surprising a number of people is. edge-functions/_shared/trends decides what trends. The
 * functions here compute the same a second time, in other ways, for explain_trend() and for the
 * trends around one person. A test compares the two. The words and the reasons are there.
 */

-- Types ----------------------------------------------------------------------

create type private.forecast as (
  people  double precision,
  spread  double precision
);

comment on type private.forecast is 'How many people a window is expected to have. The variance is people + spread × people².';

create type private.trend_facts as (
  observed          integer,
  expected          double precision,
  spread            double precision,
  network_observed  integer,
  network_expected  double precision
);

comment on type private.trend_facts is 'All that is known of a term in a window: the people and the forecast of the term, and of the network.';

-- The tail -------------------------------------------------------------------

-- Postgres has lgamma() only from version 18 on. This is the approximation of Lanczos, with his
-- numbers for g = 7. It is exact to 13 digits.
create function private.log_gamma(x double precision)
returns double precision
language sql
immutable
parallel safe
security invoker
return ln(2.5066282746310002) + (log_gamma.x + 0.5) * ln(log_gamma.x + 7.5) - (log_gamma.x + 7.5)
  - ln(log_gamma.x) + ln(
    0.99999999999980993
    + 676.5203681218851 / (log_gamma.x + 1)
    - 1259.1392167224028 / (log_gamma.x + 2)
    + 771.32342877765313 / (log_gamma.x + 3)
    - 176.61502916214059 / (log_gamma.x + 4)
    + 12.507343278686905 / (log_gamma.x + 5)
    - 0.13857109526572012 / (log_gamma.x + 6)
    + 9.9843695780195716e-6 / (log_gamma.x + 7)
    + 1.5056327351493116e-7 / (log_gamma.x + 8)
  );

comment on function private.log_gamma is 'The logarithm of the gamma function, for x above 0.';
revoke all on function private.log_gamma (double precision) from public, anon, authenticated, service_role;

-- The tail of the negative binomial distribution is an incomplete beta function: the probability
-- of `people` or more is I(people, 1 / spread) at mean / (mean + 1 / spread). This is its
-- continued fraction, by Lentz's method.
create function private.surprise(people double precision, mean double precision, spread double precision)
returns double precision
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
declare
  most_steps constant integer := 2000;
  shape double precision := 1 / surprise.spread;
  x double precision := surprise.mean / (surprise.mean + 1 / surprise.spread);
  upper_part double precision := 1;
  lower_part double precision;
  fraction double precision;
  change double precision;
  step_number double precision;
begin
  if surprise.people is null or not surprise.people > surprise.mean then
    return 0;
  end if;
  lower_part := 1 / (1 - (people + shape) * x / (people + 1));
  fraction := lower_part;
  for step in 1..most_steps loop
    step_number := step;
    change := step_number * (shape - step_number) * x / ((people + 2 * step_number - 1) * (people + 2 * step_number));
    lower_part := 1 / (1 + change * lower_part);
    upper_part := 1 + change / upper_part;
    fraction := fraction * lower_part * upper_part;
    change := -(people + step_number) * (people + shape + step_number) * x
      / ((people + 2 * step_number) * (people + 2 * step_number + 1));
    lower_part := 1 / (1 + change * lower_part);
    upper_part := 1 + change / upper_part;
    fraction := fraction * lower_part * upper_part;
    exit when abs(lower_part * upper_part - 1) < 1e-14;
  end loop;
  return greatest(0, -(
    private.log_gamma(people + shape) - private.log_gamma(people) - private.log_gamma(shape)
    + people * ln(x) - shape * ln(1 + mean * surprise.spread) - ln(people) + ln(fraction)
  ) / ln(10::double precision));
end;
$$;

comment on function private.surprise is 'Minus log10 of the probability of this number of people or more. 0 if there are no more than expected. mean and spread are above 0.';
revoke all on function private.surprise (double precision, double precision, double precision) from public, anon, authenticated, service_role;

-- The score ------------------------------------------------------------------

-- Everybody but the people of the term. With few of them, the factor starts at 1.
create function private.expected_people(shown private.trend_facts)
returns double precision
language sql
immutable
parallel safe
security invoker
return (shown).expected * least(4.0, greatest(
  0.5,
  (greatest(0, (shown).network_observed - (shown).observed) + 20)
    / (greatest(0, (shown).network_expected - (shown).expected) + 20)
));

comment on function private.expected_people is 'The people that a window is expected to have on a network that is as busy as it is now.';
revoke all on function private.expected_people (private.trend_facts) from public, anon, authenticated, service_role;

create function private.is_unusual(observed integer, expected double precision)
returns boolean
language sql
immutable
parallel safe
security invoker
return is_unusual.observed >= 5 and is_unusual.observed - is_unusual.expected >= 5
  and is_unusual.observed >= 1.5 * is_unusual.expected;

comment on function private.is_unusual is 'Whether there are enough people, and enough more than expected, to speak of a trend at all.';
revoke all on function private.is_unusual (integer, double precision) from public, anon, authenticated, service_role;

create function private.trend_score(short private.trend_facts, long private.trend_facts)
returns double precision
language sql
immutable
parallel safe
security invoker
return case
  when private.is_unusual((short).observed, private.expected_people(short))
    or private.is_unusual((long).observed, private.expected_people(long))
  then power((
    sqrt(private.surprise((short).observed, private.expected_people(short), (short).spread))
    + sqrt(private.surprise((long).observed, private.expected_people(long), (long).spread))
  ) / 2, 2)
  else 0
end;

comment on function private.trend_score is 'The score of a term with these two windows. 10 to the power of minus the score is its probability.';
revoke all on function private.trend_score (private.trend_facts, private.trend_facts) from public, anon, authenticated, service_role;

-- Forecasts ------------------------------------------------------------------

create function private.forecasts(history integer[], out at_last private.forecast, out at_next private.forecast)
language plpgsql
immutable
parallel safe
security invoker
set search_path = ''
as $$
declare
  hours constant integer := coalesce(cardinality(history), 0);
  fade constant double precision := power(0.5::double precision, 1 / (24.0 * 14));
  day_weights constant double precision[] := array(
    select power(0.5::double precision, day / 14.0) * case when day % 7 = 0 then 2 else 1 end
    from generate_series(1, 28) as day
    order by day
  );
  -- A window of a new term has one person, as if one hour had shown it.
  level_sum double precision := 1;
  level_weight double precision := 1;
  mean double precision := 1;
  spread double precision := 0.15 + 1;
  counted double precision[] := '{}';
  people double precision;
  mean_squares double precision := 0;
  excess double precision := 0;
  compared double precision := 0;
  usual double precision;
  sum_of_days double precision;
  weight_of_days double precision;
begin
  at_last := (mean, spread);
  for hour in 1..hours loop
    at_last := (mean, spread);
    people := history[hour];
    if hour > 24 then
      people := least(people, mean + 5 * sqrt(mean + spread * mean * mean));
      mean_squares := fade * mean_squares + mean * mean;
      excess := fade * excess + (people - mean) * (people - mean) - mean;
      compared := fade * compared + 1;
    end if;
    counted[hour] := people;
    level_sum := fade * level_sum + people;
    level_weight := fade * level_weight + 1;

    -- The spread that most terms have counts as 48 hours of this term.
    usual := 48 * mean_squares / nullif(compared, 0);
    spread := least(1, greatest(0.01, coalesce((excess + 0.15 * usual) / (mean_squares + usual), 0.15))) + 1 / level_weight;

    sum_of_days := 3 * level_sum / level_weight;
    weight_of_days := 3;
    for day in 1..hour / 24 loop
      sum_of_days := sum_of_days + day_weights[day] * counted[hour + 1 - day * 24];
      weight_of_days := weight_of_days + day_weights[day];
    end loop;
    mean := greatest(1 / 24.0, sum_of_days / weight_of_days);
  end loop;
  at_next := (mean, spread);
end;
$$;

comment on function private.forecasts is 'What a window is expected to have at the end of the last hour of its history, and at the end of the next hour. history has the people of the window at the end of each hour, oldest first, of at most 28 days.';
revoke all on function private.forecasts (integer[]) from public, anon, authenticated, service_role;

create function private.between_forecasts(at_last private.forecast, at_next private.forecast, share double precision)
returns private.forecast
language sql
immutable
parallel safe
security invoker
return (
  (1 - share) * (at_last).people + share * (at_next).people,
  (1 - share) * (at_last).spread + share * (at_next).spread
)::private.forecast;

comment on function private.between_forecasts is 'The forecast for a moment of the hour between two forecasts. share is how much of the hour is over, 0 to 1.';
revoke all on function private.between_forecasts (private.forecast, private.forecast, double precision) from public, anon, authenticated, service_role;
