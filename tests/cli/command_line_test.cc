#include "cli/command_line.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace solstice {
namespace {

struct Paint {
  bool glossy = false;
  int64_t layers = 2;
  std::vector<std::string> colours;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("glossy", self.glossy, "shines");
    visit("layers", self.layers, "coats", Range{1, 9});
    visit("colours", self.colours, "names");
  }
};

Paint parse(const std::vector<std::string>& arguments, std::vector<std::string>* positional = {}) {
  Paint paint;
  const auto fields = fields_of(paint);
  const TypedArguments typed = parse_arguments(arguments, fields);
  apply(fields, typed.flags, "");
  if (positional != nullptr) *positional = typed.positional;
  return paint;
}

TEST(ParseArguments, TakesValuesInBothForms) {
  EXPECT_EQ(parse({"--layers", "3"}).layers, 3);
  EXPECT_EQ(parse({"--layers=4"}).layers, 4);
  EXPECT_EQ(parse({"--layers", "3", "--layers", "5"}).layers, 5);
}

TEST(ParseArguments, SwitchesTurnOnOffAndTakeAValue) {
  EXPECT_TRUE(parse({"--glossy"}).glossy);
  EXPECT_FALSE(parse({"--glossy", "--no-glossy"}).glossy);
  EXPECT_FALSE(parse({"--glossy=false"}).glossy);
  std::vector<std::string> positional;
  EXPECT_TRUE(parse({"--glossy", "photo.jpg"}, &positional).glossy);
  EXPECT_EQ(positional, std::vector<std::string>{"photo.jpg"});
}

TEST(ParseArguments, AListGivenTwiceIsOneList) {
  EXPECT_EQ(parse({"--colours", "red,blue", "--colours", "green"}).colours,
            (std::vector<std::string>{"red", "blue", "green"}));
}

TEST(ParseArguments, AfterTwoDashesEverythingIsAFile) {
  std::vector<std::string> positional;
  parse({"a.jpg", "--", "--layers", "-b.jpg"}, &positional);
  EXPECT_EQ(positional, (std::vector<std::string>{"a.jpg", "--layers", "-b.jpg"}));
}

TEST(ParseArguments, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(parse({"--layer", "3"}), Error) << "no guessing from the beginning of a name";
  EXPECT_THROW(parse({"-x"}), Error);
  EXPECT_THROW(parse({"--no-layers"}), Error);
  EXPECT_THROW(parse({"--layers"}), Error);
  EXPECT_THROW(parse({"--layers", "0"}), Error);
}

}  // namespace
}  // namespace solstice
